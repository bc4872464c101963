internal import Compile
package import Model

// What people ask about policy as this agent has it.

extension PolicyLoop {
    /// Whom an address belongs to, as closely as it is known.
    package func owner(of address: Address) -> AddressOwner? {
        compiler.owners(of: address).first
    }

    /// The policies that apply to a local address in a tier that has come to its end.
    package func policies(endingIn rule: RuleName, at address: Address) -> [PolicyID] {
        guard rule.owner == .endOfTier,
            let endpoint = compiler.localEndpoints.first(where: { $0.addresses.contains(address) })
        else { return [] }
        let sections = compiler.explain(endpoint.id, rule.direction).flatMap(\.sections)
        return sections.first { $0.tier?.name == rule.tier && $0.end != nil }?.parts
            .compactMap { part in
                if case .policy(let id) = part.owner, !part.isStaged { id } else { nil }
            } ?? []
    }

    /// Local endpoints of that name, or with that address.
    package func localEndpoints(called text: String) -> [Endpoint] {
        let address = Address(text)
        return compiler.localEndpoints.filter { endpoint in
            if let address { return endpoint.addresses.contains(address) }
            if case .host(_, let name) = endpoint.id, name == text { return true }
            return endpoint.id.description == text
        }.sorted { $0.id.description < $1.id.description }
    }

    /// The ordered rules of a local endpoint, stage by stage.
    func explain(_ id: EndpointID, _ direction: Direction) -> [Explanation] {
        compiler.explain(id, direction)
    }

    /// The policies of that name, and where else there are some.
    func uses(
        ofPolicy name: String,
        namespace: String?
    ) -> (uses: [PolicyUse], others: [PolicyID]) {
        let uses = compiler.uses(ofPolicy: name, namespace: namespace)
        return (uses, uses.isEmpty ? compiler.policies(named: name) : [])
    }
}
