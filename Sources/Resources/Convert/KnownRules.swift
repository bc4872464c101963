internal import JSON
internal import Model

/// The rules of a long policy as they stood in its valid object, and what they became: when the
/// object comes again with one rule changed, only that one needs to be judged and converted.
package struct KnownRules: Sendable {
    /// Of shorter policies nothing is remembered: they cost little, and there are many of them.
    package static let leastCount = 33

    private struct Side: Sendable {
        let written: [JSONValue]
        let converted: [Rule]
    }

    private let ingress: Side
    private let egress: Side

    /// `nil` for what is no long policy of Calico's.
    ///
    /// - Parameters:
    ///   - resource: an object without a finding.
    ///   - conversion: its own.
    package init?(_ resource: Resource, _ conversion: Conversion) {
        guard case .policy(let id, let policy?)? = conversion.updates.first,
            conversion.updates.count == 1, Self.kinds.contains(id.kind),
            policy.ingress.count + policy.egress.count >= Self.leastCount
        else { return nil }
        let written = (resource.spec["ingress"]?.array ?? [], resource.spec["egress"]?.array ?? [])
        guard written.0.count == policy.ingress.count, written.1.count == policy.egress.count
        else { return nil }
        ingress = Side(written: written.0, converted: policy.ingress)
        egress = Side(written: written.1, converted: policy.egress)
    }

    private static let kinds: [PolicyKind] = [
        .networkPolicy, .globalNetworkPolicy, .stagedNetworkPolicy, .stagedGlobalNetworkPolicy,
    ]

    private func side(_ field: String) -> Side { field == "ingress" ? ingress : egress }

    /// What the rule at this place of `ingress` or `egress` became, when it is still the same.
    func rule(_ field: String, _ index: Int, _ written: JSONValue) -> Rule? {
        let side = side(field)
        guard index < side.written.count, side.written[index] == written else { return nil }
        return side.converted[index]
    }

    /// The object without rules that were found valid before, but for the first of each list, so that
    /// no list becomes empty; `nil` where that says nothing of the whole.
    fileprivate func unknownPart(of resource: Resource) -> Resource? {
        var part = resource
        for field in ["ingress", "egress"] {
            guard let rules = resource.spec[field]?.array else { continue }
            guard rules.count <= Schemas.mostRules else { return nil }
            let rest = rules.enumerated().filter { index, written in
                index == 0 || rule(field, index, written) == nil
            }
            part.spec[field] = .array(rest.map(\.element))
        }
        return part
    }
}

/// What is wrong with an object, as ``validate(_:)`` says it; rules that are known to be valid are not
/// judged again.
package func validate(_ resource: Resource, knowing known: KnownRules?) -> [FieldError] {
    // The whole object's findings name the right places.
    guard let part = known?.unknownPart(of: resource), validate(part).isEmpty
    else { return validate(resource) }
    return []
}
