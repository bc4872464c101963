import JSON
import Model
import Resources

/// Policies of three ingress rules that allow or deny one set of addresses each; the last one allows
/// the pods under measurement, so that who judges rule by rule comes to it last.
struct PolicyList {
    static let ports: ClosedRange<UInt16> = 7000...9999

    let count: Int
    /// Addresses of the pods that may talk to each other.
    let allowed: [String]

    /// What policy `number` is about.
    func selector(_ number: Int) -> String { "svc == '\(Self.label(number))'" }

    static func label(_ number: Int) -> String { "s\(number)" }

    /// Addresses of that label; those of the last policy are the pods themselves.
    func members(_ number: Int) -> [String] {
        number == count - 1
            ? allowed
            : (0..<8).map { "10.\(200 + number / 256).\(number % 256).\(10 + $0)" }
    }

    func rules(_ number: Int) -> [RuleText] {
        let remote = RuleText.Remote.selector(selector(number))
        return [
            .allow("TCP", remote, "\(Self.ports.lowerBound):\(Self.ports.upperBound)"),
            .allow("UDP", remote, "5300"),
            .deny("TCP", remote, "22", "23"),
        ]
    }

    /// As objects of Calico's: a policy each, and a network set for what is no pod.
    var resources: [Resource] {
        (0..<count - 1).map { networkSet($0) } + (0..<count).map { policy($0) }
    }

    private func networkSet(_ number: Int) -> Resource {
        Resource(
            .calico("GlobalNetworkSet"),
            version: "v3",
            name: "list-\(number)",
            labels: ["svc": Self.label(number)],
            spec: ["nets": .array(members(number).map { .string($0 + "/32") })]
        )
    }

    private func policy(_ number: Int) -> Resource {
        let rules = rules(number)
        return Resource(
            .calico("GlobalNetworkPolicy"),
            version: "v3",
            name: "list-\(number)",
            spec: [
                "tier": "default", "order": .int(Int64(100 + number)), "selector": "all()",
                "types": ["Ingress"],
                "ingress": .array(rules.map { $0.json(.ingress) }),
            ]
        )
    }
}
