import JSON
import Model
import Resources
import Testing

@Suite
struct KubernetesPolicyTests {
    private static let red = #"projectcalico.org/namespace == "red""#
    private static let pods = #"projectcalico.org/orchestrator == "k8s""#

    private func conversion(_ spec: String) throws -> (policy: Policy?, problems: [String]) {
        let text =
            #"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","#
            + #""metadata":{"name":"p","namespace":"red"},"spec":\#(spec)}"#
        let conversion = try conversion(of: Resource(JSONValue(parsing: text)))
        guard case .policy(_, let policy) = conversion.updates.first else { return (nil, []) }
        return (policy, conversion.problems.map(\.field))
    }

    private func conversion(of resource: Resource) throws -> Conversion {
        try Resources.conversion(of: resource)
    }

    @Test("an empty policy isolates every pod of the namespace for ingress")
    func empty() throws {
        let policy = try #require(try conversion(#"{"podSelector":{}}"#).policy)
        #expect(policy.selector == "(\(Self.pods) && \(Self.red))")
        #expect(policy.order == 1000)
        #expect(policy.tier == "default")
        #expect(policy.appliesToIngress && !policy.appliesToEgress)
        #expect(policy.ingress.isEmpty)
    }

    @Test("egress rules without policyTypes mean both directions")
    func types() throws {
        let policy = try #require(try conversion(#"{"egress":[{}]}"#).policy)
        #expect(policy.appliesToIngress && policy.appliesToEgress)
        #expect(policy.egress == [Rule(.allow)])
    }

    @Test("label selectors keep their four operators, keys of matchLabels sorted")
    func labelSelector() throws {
        let policy = try conversion(
            #"{"podSelector":{"matchLabels":{"b":"2","a":"1"},"matchExpressions":["#
                + #"{"key":"c","operator":"In","values":["y","x"]},"#
                + #"{"key":"d","operator":"NotIn","values":["z"]},"#
                + #"{"key":"e","operator":"Exists"},{"key":"f","operator":"DoesNotExist"}]}}"#
        ).policy
        #expect(
            policy?.selector == #"(\#(Self.pods) && a == "1" && b == "2" && c in {"x", "y"} && "#
                + #"d not in {"z"} && has(e) && !has(f) && \#(Self.red))"#
        )
    }

    @Test("one rule a peer and protocol, ports joined")
    func product() throws {
        let policy = try conversion(
            #"{"ingress":[{"from":[{"podSelector":{}},{"namespaceSelector":{}},"#
                + #"{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}],"#
                + #""ports":[{"port":81},{"port":80},{"port":90,"endPort":95},{"port":"http"},"#
                + #"{"protocol":"UDP"}]}]}"#
        ).policy
        let rules = try #require(policy?.ingress)
        #expect(rules.map(\.protocol) == [.tcp, .udp, .tcp, .udp, .tcp, .udp])
        #expect(
            rules[0].destination.ports == [.named("http"), .range(80...81), .range(90...95)]
        )
        #expect(rules[1].destination.ports.isEmpty)
        #expect(rules[0].source.selectors == ["(\(Self.pods) && \(Self.red))"])
        #expect(
            rules[2].source.selectors == ["(\(Self.pods) && has(projectcalico.org/namespace))"]
        )
        #expect(rules[4].source.nets.map(\.description) == ["10.0.0.0/8"])
        #expect(rules[4].source.notNets.map(\.description) == ["10.1.0.0/16"])
    }

    @Test("a rule that cannot be read is left out, the isolation and the others stay")
    func failsClosed() throws {
        let (policy, problems) = try conversion(
            #"{"ingress":[{"from":[{"ipBlock":{"cidr":"x"}}]},{"ports":[{"port":80}]},"#
                + #"{"from":[{}]},{"ports":[{"endPort":7}]}]}"#
        )
        #expect(policy?.appliesToIngress == true)
        #expect(policy?.ingress.count == 1)
        #expect(
            problems == [
                "spec.ingress[0].from[0].ipBlock.cidr", "spec.ingress[2].from[0]",
                "spec.ingress[3].ports[0]",
            ]
        )
    }

    // MARK: ClusterNetworkPolicy

    private func cluster(_ spec: String) throws -> (policy: Policy?, problems: [String]) {
        let text =
            #"{"apiVersion":"policy.networking.k8s.io/v1alpha2","kind":"ClusterNetworkPolicy","#
            + #""metadata":{"name":"p"},"spec":\#(spec)}"#
        let conversion = try conversion(of: Resource(JSONValue(parsing: text)))
        guard case .policy(_, let policy) = conversion.updates.first else { return (nil, []) }
        return (policy, conversion.problems.map(\.field))
    }

    @Test("a cluster policy goes to its tier by priority")
    func clusterPolicy() throws {
        let policy = try #require(
            try cluster(
                #"{"tier":"Baseline","priority":7,"subject":{"namespaces":{}},"ingress":["#
                    + #"{"name":"r","action":"Pass","from":[{"pods":{"namespaceSelector":{},"#
                    + #""podSelector":{"matchLabels":{"a":"b"}}}}],"#
                    + #""protocols":[{"tcp":{"destinationPort":{"range":{"start":1,"end":9}}}},"#
                    + #"{"destinationNamedPort":"dns"}]}]}"#
            ).policy
        )
        #expect(policy.tier == "kube-baseline")
        #expect(policy.order == 7)
        #expect(policy.selector == "has(projectcalico.org/namespace)")
        #expect(policy.appliesToIngress && !policy.appliesToEgress)
        #expect(policy.ingress.map(\.action) == [.pass, .pass])
        #expect(policy.ingress.map(\.protocol) == [.tcp, nil])
        #expect(policy.ingress.map(\.destination.ports) == [[.range(1...9)], [.named("dns")]])
        #expect(policy.ingress.map(\.annotations) == [["name": "r"], ["name": "r"]])
        #expect(
            policy.ingress[0].source.selectors == [
                #"(\#(Self.pods) && a == "b" && has(projectcalico.org/namespace))"#
            ]
        )
    }

    @Test("a Deny that cannot be read denies all, an Accept is left out")
    func clusterFailsClosed() throws {
        let (policy, problems) = try cluster(
            #"{"tier":"Admin","priority":0,"subject":{"pods":{"podSelector":{}}},"egress":["#
                + #"{"action":"Accept","to":[{"nodes":{}}]},"#
                + #"{"action":"Deny","to":[{"domainNames":["x"]}]},"#
                + #"{"action":"Accept","to":[{"networks":["10.0.0.0/8"]}]}]}"#
        )
        #expect(policy?.egress.map(\.action) == [.deny, .allow])
        #expect(policy?.egress.first?.destination.isAny == true)
        #expect(problems == ["spec.egress[0].to[0]", "spec.egress[1].to[0]"])
    }

    @Test("a cluster policy without a subject is refused as a whole")
    func clusterSubject() {
        let error = #expect(throws: ConversionError.self) {
            try cluster(#"{"tier":"Admin","priority":0,"subject":{}}"#)
        }
        #expect(error?.field == "spec.subject")
    }
}
