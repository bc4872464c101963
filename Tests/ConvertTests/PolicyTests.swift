import JSON
import Model
import Resources
import Testing

/// Calico's policies: selectors, directions, rules.
@Suite
struct PolicyTests {
    private static func policy(
        _ spec: String,
        kind: String = "NetworkPolicy"
    ) throws -> Policy? {
        let namespace = kind.contains("Global") ? "" : #","namespace":"red""#
        let text =
            #"{"apiVersion":"projectcalico.org/v3","kind":"\#(kind)","#
            + #""metadata":{"name":"p"\#(namespace)},"spec":\#(spec)}"#
        guard
            case .policy(_, let policy) = try convert(Resource(try JSONValue(parsing: text))).first
        else { return nil }
        return policy
    }

    struct SelectorCase: CustomTestStringConvertible {
        let testDescription: String
        let kind: String
        let spec: String
        let selector: String

        init(_ testDescription: String, _ kind: String, _ spec: String, _ selector: String) {
            self.testDescription = testDescription
            self.kind = kind
            self.spec = spec
            self.selector = selector
        }
    }

    @Test(
        "what a policy applies to",
        arguments: [
            SelectorCase(
                "namespaced, no selector",
                "NetworkPolicy",
                "{}",
                #"projectcalico.org/namespace == "red""#
            ),
            SelectorCase(
                "namespaced",
                "NetworkPolicy",
                #"{"selector":"a == 'b'"}"#,
                #"(a == "b" && projectcalico.org/namespace == "red")"#
            ),
            SelectorCase(
                "of a service account",
                "NetworkPolicy",
                #"{"serviceAccountSelector":"role == 'x'"}"#,
                #"(projectcalico.org/namespace == "red" && pcsa.role == "x")"#
            ),
            SelectorCase("global", "GlobalNetworkPolicy", "{}", "all()"),
            SelectorCase(
                "global, of namespaces",
                "GlobalNetworkPolicy",
                #"{"selector":"has(a)","namespaceSelector":"team == 'x' || all()"}"#,
                #"(has(a) && (pcns.team == "x" || has(projectcalico.org/namespace)))"#
            ),
        ]
    )
    func selector(_ testCase: SelectorCase) throws {
        let policy = try Self.policy(testCase.spec, kind: testCase.kind)
        #expect(policy?.selector == testCase.selector)
    }

    @Test(
        "what one end of a rule selects",
        arguments: [
            SelectorCase("nothing", "NetworkPolicy", "{}", ""),
            SelectorCase(
                "own namespace",
                "NetworkPolicy",
                #"{"selector":"has(a)"}"#,
                #"(has(a) && projectcalico.org/namespace == "red")"#
            ),
            SelectorCase(
                "a namespace selector in its place",
                "NetworkPolicy",
                #"{"selector":"has(a)","namespaceSelector":"has(b)"}"#,
                "(has(a) && has(pcns.b))"
            ),
            SelectorCase(
                "what is in no namespace",
                "NetworkPolicy",
                #"{"namespaceSelector":"global()"}"#,
                "!has(projectcalico.org/namespace)"
            ),
            SelectorCase(
                "own namespace by notSelector alone",
                "NetworkPolicy",
                #"{"notSelector":"has(a)"}"#,
                #"projectcalico.org/namespace == "red""#
            ),
            SelectorCase(
                "service accounts of the own namespace",
                "NetworkPolicy",
                #"{"serviceAccounts":{"names":["b","a"],"selector":"has(r)"}}"#,
                #"(projectcalico.org/namespace == "red" && projectcalico.org/serviceaccount in "#
                    + #"{"a", "b"} && has(pcsa.r))"#
            ),
            SelectorCase(
                "everywhere, in a global policy",
                "GlobalNetworkPolicy",
                #"{"selector":"has(a)"}"#,
                "has(a)"
            ),
            SelectorCase(
                "any namespace",
                "GlobalNetworkPolicy",
                #"{"namespaceSelector":"all()"}"#,
                "has(projectcalico.org/namespace)"
            ),
        ]
    )
    func end(_ testCase: SelectorCase) throws {
        let spec = #"{"ingress":[{"action":"Allow","source":\#(testCase.spec)}]}"#
        let rule = try Self.policy(spec, kind: testCase.kind)?.ingress.first
        let expected = testCase.selector.isEmpty ? [] : [testCase.selector]
        #expect(rule?.source.selectors == expected)
    }

    struct TypesCase: CustomTestStringConvertible {
        let testDescription: String
        let spec: String
        let types: [Bool]
    }

    @Test(
        "directions of a policy",
        arguments: [
            TypesCase(testDescription: "none", spec: "{}", types: [true, false]),
            TypesCase(
                testDescription: "egress rules alone",
                spec: #"{"egress":[{"action":"Deny"}]}"#,
                types: [false, true]
            ),
            TypesCase(
                testDescription: "rules of both",
                spec: #"{"ingress":[{"action":"Deny"}],"egress":[{"action":"Deny"}]}"#,
                types: [true, true]
            ),
            TypesCase(
                testDescription: "types go before rules",
                spec: #"{"types":["Egress"],"ingress":[{"action":"Deny"}]}"#,
                types: [false, true]
            ),
        ]
    )
    func types(_ testCase: TypesCase) throws {
        let policy = try Self.policy(testCase.spec)
        #expect([policy?.appliesToIngress, policy?.appliesToEgress] == testCase.types)
    }

    @Test("all fields of a rule")
    func rule() throws {
        let policy = try Self.policy(
            #"{"tier":"t","order":3,"ingress":[{"action":"Log","ipVersion":4,"protocol":"TCP","#
                + #""notProtocol":17,"icmp":{"type":8,"code":0},"notICMP":{"type":3},"#
                + #""metadata":{"annotations":{"a":"b"}},"#
                + #""source":{"nets":["10.0.0.0/8"],"notNets":["10.1.0.0/16"],"#
                + #""notSelector":"has(x)","ports":[1,"2","3:4","http"],"notPorts":["dns"],"#
                + #""services":{"name":"s"}},"http":{"methods":["GET"]}}]}"#
        )
        var rule = Rule(.log)
        rule.family = .v4
        rule.protocol = .tcp
        rule.notProtocol = .udp
        rule.icmp = ICMPMatch(type: 8, code: 0)
        rule.notICMP = ICMPMatch(type: 3)
        rule.annotations = ["a": "b"]
        rule.source.nets = [Prefix("10.0.0.0/8")].compactMap { $0 }
        rule.source.notNets = [Prefix("10.1.0.0/16")].compactMap { $0 }
        rule.source.selectors = [#"projectcalico.org/namespace == "red""#]
        rule.source.notSelectors = ["has(x)"]
        rule.source.ports = [.range(1...1), .range(2...2), .range(3...4), .named("http")]
        rule.source.notPorts = [.named("dns")]
        rule.source.service = ServiceID(namespace: "red", name: "s")
        #expect(policy?.ingress == [rule])
        #expect(policy?.tier == "t")
        #expect(policy?.order == 3)
    }

    @Test("a staged policy keeps its action, a staged deletion is nothing")
    func staged() throws {
        let policy = try Self.policy("{}", kind: "StagedNetworkPolicy")
        #expect(policy?.stagedAction == "Set")
        #expect(
            try Self.policy(#"{"stagedAction":"Delete"}"#, kind: "StagedGlobalNetworkPolicy") == nil
        )
    }

    struct ErrorCase: CustomTestStringConvertible {
        let testDescription: String
        let spec: String

        init(_ testDescription: String, _ spec: String) {
            self.testDescription = testDescription
            self.spec = spec
        }
    }

    @Test(
        "errors name the object and the field",
        arguments: [
            ErrorCase(
                "spec.ingress[1].action: is 'allow', expected Allow, Deny, Log or Pass",
                #"{"ingress":[{"action":"Allow"},{"action":"allow"}]}"#
            ),
            ErrorCase("spec.ingress[0].action: is required", #"{"ingress":[{}]}"#),
            ErrorCase(
                "spec.egress[0].destination.nets[1]: is 'x', expected an IP address or a CIDR",
                #"{"egress":[{"action":"Deny","destination":{"nets":["::/0","x"]}}]}"#
            ),
            ErrorCase(
                "spec.egress[0].destination.ports[0]: is '9:1', expected a port, a range "
                    + "first:last or a port's name",
                #"{"egress":[{"action":"Deny","destination":{"ports":["9:1"]}}]}"#
            ),
            ErrorCase(
                "spec.egress[0].destination.ports[0]: is '65536', expected a port",
                #"{"egress":[{"action":"Deny","destination":{"ports":["65536"]}}]}"#
            ),
            ErrorCase("spec.order: is 'x', expected a number", #"{"order":"x"}"#),
            ErrorCase(
                "spec.types[0]: is 'ingress', expected Ingress or Egress",
                #"{"types":["ingress"]}"#
            ),
            ErrorCase("spec.ingress: is an object, expected a list", #"{"ingress":{}}"#),
            ErrorCase(
                "spec.ingress[0].ipVersion: is 5, expected 4 or 6",
                #"{"ingress":[{"action":"Deny","ipVersion":5}]}"#
            ),
            ErrorCase(
                "spec.ingress[0].protocol: is 'QUIC', expected a protocol's name or a number "
                    + "from 1 to 255",
                #"{"ingress":[{"action":"Deny","protocol":"QUIC"}]}"#
            ),
        ]
    )
    func errors(_ testCase: ErrorCase) throws {
        let error = #expect(throws: ConversionError.self) { try Self.policy(testCase.spec) }
        #expect(error?.description == "NetworkPolicy(red/p): \(testCase.testDescription)")
    }

    @Test("a selector that does not parse is an error of its field")
    func badSelector() {
        let error = #expect(throws: ConversionError.self) {
            try Self.policy(#"{"selector":"a =="}"#)
        }
        #expect(error?.field == "spec.selector")
    }
}
