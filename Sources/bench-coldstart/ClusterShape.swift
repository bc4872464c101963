import Model

/// Clusters as large as Felix's own benches make them, as the policy engine hears of them.
///
/// What stands first is sent first. The names are ours, the numbers theirs.
enum ClusterShape: String, CaseIterable {
    /// 250,000 endpoints in 100 namespaces; 10,000 policies on `has(one of 31 labels)`, each five
    /// ingress rules from `has(…)`.
    case tags = "a"
    /// 10,000 endpoints and 1,000 network sets, each allowed by a policy on `all()`.
    case sets = "b"
    /// The same with 10,000 network sets and policies: over a million prefixes.
    case manySets = "c"
    /// 10,000 tenants: one namespace, policy and pod each; 15 labels a pod, five of them unique.
    case tenants = "d"

    static let localNode = "node1"
    private static let remoteNode = "node2"
    private static let batch = 10_000
    private static let markers = (0..<31).map { "marker-\($0)" }

    var locals: Int { self == .tenants ? 100 : 200 }

    /// Those of this node.
    var localEndpoints: [Endpoint] {
        (0..<locals).map { Self.endpoint($0, local: true) }
    }

    /// All objects, in batches that whoever takes them in may drop one by one.
    var updates: [[Update]] {
        let all: [[Update]]
        switch self {
        case .tags:
            all = [Self.tagPolicies(10_000), Self.namespaces(100)] + Self.endpoints(250_000)
        case .sets: all = [Self.namespaces(100)] + Self.endpoints(10_000) + Self.sets(1000)
        case .manySets: all = [Self.namespaces(100)] + Self.endpoints(10_000) + Self.sets(10_000)
        case .tenants: all = Self.tenants(10_000, local: locals)
        }
        return all + (self == .tenants ? [] : [Self.localEndpoints(locals)])
    }

    // MARK: Endpoints

    static func endpoint(_ number: Int, local: Bool) -> Endpoint {
        var endpoint = Endpoint(
            id: .workload(
                node: local ? localNode : remoteNode,
                workload: local ? "local-\(number)" : "wep-\(number)",
                endpoint: "eth0"
            ),
            labels: labels(number),
            profiles: ["kns.namespace-\(number % 100)"],
            addresses: [
                Address(v4: (local ? 0x0b00_0000 : 0x0a01_0000) + UInt32(number))
            ]
        )
        if local { endpoint.interface = "cali\(number)" }
        return endpoint
    }

    /// Six labels of which one is a marker, which policies ask for.
    static func labels(_ number: Int, marker: Int? = nil) -> [String: String] {
        var labels: [String: String] = [:]
        for count in [10, 11, 20, 30, 40] { labels["one-in-\(count)"] = "value-\(number % count)" }
        labels[markers[(marker ?? number) % markers.count]] = "true"
        return labels
    }

    private static func endpoints(_ count: Int) -> [[Update]] {
        stride(from: 0, to: count, by: batch).map { first in
            (first..<min(first + batch, count)).map { number in
                let endpoint = endpoint(number, local: false)
                return .endpoint(endpoint.id, endpoint)
            }
        }
    }

    private static func localEndpoints(_ count: Int) -> [Update] {
        (0..<count).map { number in
            let endpoint = endpoint(number, local: true)
            return .endpoint(endpoint.id, endpoint)
        }
    }

    private static func namespaces(_ count: Int) -> [Update] {
        (0..<count).map { number in
            let name = "namespace-\(number)"
            let labels = ["pcns.projectcalico.org/name": name]
            return .profile("kns.\(name)", Profile(name: "kns.\(name)", labelsToApply: labels))
        }
    }

    // MARK: Policies

    static func allow(from selector: String) -> Rule {
        var rule = Rule(.allow)
        rule.source.selectors = [selector]
        return rule
    }

    static func policy(_ id: PolicyID, on selector: String, _ ingress: [Rule]) -> Update {
        .policy(
            id,
            Policy(
                id: id,
                order: 100,
                selector: selector,
                ingress: ingress,
                egress: [],
                appliesToIngress: true,
                appliesToEgress: false
            )
        )
    }

    private static func tagPolicies(_ count: Int) -> [Update] {
        (0..<count).map { number in
            policy(
                PolicyID(kind: .globalNetworkPolicy, name: "default.tag-\(number)"),
                on: "has(\(markers[number % markers.count]))",
                (0..<5).map { allow(from: "has(\(markers[(number + $0) % markers.count]))") }
            )
        }
    }

    /// Of ten sets six have one to three addresses, the others 4, 5, 100 and 1,000.
    private static func sets(_ count: Int) -> [[Update]] {
        let sizes = [1, 1, 1, 1, 2, 3, 4, 5, 100, 1000]
        var address: UInt32 = 0x1400_0000
        let updates = (0..<count).map { number -> [Update] in
            let size = sizes[number % sizes.count]
            let nets = (0..<size).map { Prefix(Address(v4: address + UInt32($0))) }
            address += UInt32(size)
            let name = "set-\(number)"
            let id = NetworkSetID(name: name)
            let set = NetworkSet(id: id, labels: ["set-name": name], nets: nets)
            let policy = policy(
                PolicyID(kind: .globalNetworkPolicy, name: "default.\(name)"),
                on: "all()",
                [allow(from: "set-name == \"\(name)\"")]
            )
            return [.networkSet(id, set), policy]
        }
        return stride(from: 0, to: count, by: 100).map { first in
            Array(updates[first..<min(first + 100, count)].joined())
        }
    }

    // MARK: Tenants

    private static func tenants(_ count: Int, local: Int) -> [[Update]] {
        stride(from: 0, to: count, by: 1000).map { first in
            (first..<min(first + 1000, count)).flatMap { tenant($0, isLocal: $0 < local) }
        }
    }

    private static func tenant(_ number: Int, isLocal: Bool) -> [Update] {
        let name = "tenant-\(number)"
        var endpoint = endpoint(number, local: isLocal)
        endpoint.labels = ["projectcalico.org/namespace": name]
        for label in 0..<5 { endpoint.labels["unique-\(label)"] = "value-\(number)-\(label)" }
        for label in 0..<9 { endpoint.labels["usual-\(label)"] = "value-\(number % (label + 2))" }
        endpoint.profiles = ["kns.\(name)"]
        let namespace = Profile(
            name: "kns.\(name)",
            labelsToApply: ["pcns.projectcalico.org/name": name]
        )
        let own = "projectcalico.org/namespace == \"\(name)\""
        return [
            .profile(namespace.name, namespace),
            policy(
                PolicyID(kind: .networkPolicy, namespace: name, name: "default.own"),
                on: own,
                [allow(from: own)]
            ),
            .endpoint(endpoint.id, endpoint),
        ]
    }
}
