internal import JSON
internal import Model
internal import Resources
internal import Selector

/// The host endpoints that settings and nodes ask for, as values.
///
/// Names, labels and order are those of Calico's controller, so that what one of them made the other
/// takes over.
struct AutomaticHostEndpoints: Sendable {
    /// Marks what was made by a controller and is its to change and to remove.
    static let mark = (label: "projectcalico.org/created-by", value: "calico-kube-controllers")
    /// Rules that allow all; policy that selects the endpoint comes before them.
    static let profile = "projectcalico-default-allow"
    private static let suffix = "auto-hep"
    private static let longestName = 253

    let settings: HostEndpointSettings

    static func isOurs(_ endpoint: Resource) -> Bool {
        endpoint.labels[mark.label] == mark.value
    }

    /// All endpoints of one node; of two that would have one name the first.
    func endpoints(of node: NodeFacts) -> [Resource] {
        guard settings.isEnabled else { return [] }
        var result: [Resource] = []
        if settings.makesDefault {
            result.append(endpoint(Self.name([node.name]), node, node.addresses, interface: "*"))
        }
        for template in settings.templates where template.nodeSelector.matches(node.labels) {
            result += endpoints(of: node, by: template)
        }
        var names: Set<String> = []
        return result.filter { names.insert($0.name).inserted }
    }

    private func endpoints(
        of node: NodeFacts,
        by template: HostEndpointSettings.Template
    ) -> [Resource] {
        let addresses = node.addresses.filter { address in
            template.cidrs.contains { $0.contains(address) }
        }
        guard let pattern = template.interfacePattern, let expression = try? Regex(pattern) else {
            // Neither a name nor an address: it would be no valid object.
            guard !addresses.isEmpty else { return [] }
            let name = Self.name([node.name, template.name])
            return [endpoint(name, node, addresses, interface: nil, template)]
        }
        return node.interfaces.filter { $0.name.contains(expression) }.map { interface in
            endpoint(
                Self.name([node.name, template.name, interface.name]),
                node,
                (addresses + interface.addresses).unique,
                interface: interface.name,
                template
            )
        }
    }

    private func endpoint(
        _ name: String,
        _ node: NodeFacts,
        _ addresses: [Address],
        interface: String?,
        _ template: HostEndpointSettings.Template? = nil
    ) -> Resource {
        var labels = node.labels.merging(template?.labels ?? [:]) { $1 }
        labels[Self.mark.label] = Self.mark.value
        var spec: JSONValue = ["node": .string(node.name)]
        if let interface { spec["interfaceName"] = .string(interface) }
        if !addresses.isEmpty {
            spec["expectedIPs"] = .array(addresses.map { .string($0.description) })
        }
        spec["profiles"] = [.string(Self.profile)]
        let type = ResourceType.calico("HostEndpoint")
        var result = Resource(type, version: "v3", name: name, labels: labels, spec: spec)
        if let annotations = template?.annotations, !annotations.isEmpty {
            result.annotations = annotations
        }
        return result
    }

    /// The parts and the suffix, joined; a digest in place of what would be too long for a name.
    static func name(_ parts: [String]) -> String {
        let name = (parts + [suffix]).joined(separator: "-").lowercased()
        guard name.utf8.count > longestName else { return name }
        let digest = SHA1.digest(of: Array(name.utf8))
        return digest.map { hexadecimal($0) }.joined() + "-" + suffix
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
