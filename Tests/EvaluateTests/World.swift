import Evaluate
import Model

/// A small cluster to ask: `a` is 10.0.0.1 with `app=web` in namespace `red`, `b` is 10.0.0.2.
enum Sample {
    static let a = EndpointID.workload(node: "n", workload: "red/a", endpoint: "eth0")
    static let b = EndpointID.workload(node: "n", workload: "red/b", endpoint: "eth0")
    static let addressA = Address(v4: 0x0a00_0001)
    static let addressB = Address(v4: 0x0a00_0002)

    static let endpoints: [Update] = [
        .endpoint(
            a,
            Endpoint(
                id: a,
                labels: ["app": "web"],
                profiles: ["open"],
                addresses: [addressA],
                ports: [NamedPort(name: "http", protocol: .tcp, port: 8080)]
            )
        ),
        .endpoint(
            b,
            Endpoint(id: b, labels: ["app": "db"], profiles: ["open"], addresses: [addressB])
        ),
        .profile("open", profile("open", [Rule(.allow)])),
    ]

    static func profile(
        _ name: String,
        _ rules: [Rule],
        labels: [String: String] = [:]
    ) -> Profile {
        Profile(name: name, labelsToApply: labels, ingress: rules, egress: rules)
    }

    /// A global policy over all endpoints, for ingress.
    static func policy(
        _ name: String,
        tier: String = "default",
        order: Double? = nil,
        kind: PolicyKind = .globalNetworkPolicy,
        selector: String = "all()",
        _ rules: [Rule]
    ) -> Policy {
        Policy(
            id: PolicyID(kind: kind, name: name),
            tier: tier,
            order: order,
            selector: selector,
            ingress: rules,
            egress: [],
            appliesToIngress: true,
            appliesToEgress: false
        )
    }

    static func updates(_ policies: [Policy], _ tiers: [Tier] = []) -> [Update] {
        policies.map { .policy($0.id, $0) } + tiers.map { .tier($0.name, $0) }
    }

    /// From `a`'s address to `b`'s.
    static func flow(
        _ number: IPProtocol = .tcp,
        from source: UInt16 = 40000,
        to port: UInt16 = 80
    ) -> Flow {
        Flow(
            source: addressA,
            destination: addressB,
            protocol: number,
            sourcePort: number.hasPorts ? source : 0,
            destinationPort: number.hasPorts ? port : 0
        )
    }

    static func judge(_ updates: [Update], _ flow: Flow = flow()) -> Judgement {
        Evaluator(PolicyWorld(endpoints + updates)).judge(flow, at: b, .ingress)
    }
}

extension Rule {
    init(_ action: Action, _ change: (inout Rule) -> Void) {
        self.init(action)
        change(&self)
    }
}
