import Evaluate
import Model
import Testing

/// Each condition of a rule, once met and once not.
@Suite
struct MatchTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let rule: Rule
        var flow = Sample.flow()
        var extra: [Update] = []
        let mismatch: Mismatch?

        init(
            _ testDescription: String,
            _ mismatch: Mismatch?,
            flow: Flow = Sample.flow(),
            extra: [Update] = [],
            _ change: (inout Rule) -> Void
        ) {
            self.testDescription = testDescription
            self.mismatch = mismatch
            self.flow = flow
            self.extra = extra
            rule = Rule(.deny, change)
        }
    }

    static let cases = protocolCases + netCases + selectorCases + portCases

    static let ping = Flow(
        source: Sample.addressA,
        destination: Sample.addressB,
        protocol: .icmp,
        icmp: ICMPMatch(type: 8, code: 0)
    )

    static let protocolCases = [
        Case("an empty rule matches", nil) { _ in },
        Case("IP version", nil) { $0.family = .v4 },
        Case("other IP version", .family) { $0.family = .v6 },
        Case("protocol", nil) { $0.protocol = .tcp },
        Case("other protocol", .protocol) { $0.protocol = .udp },
        Case("notProtocol", .notProtocol) { $0.notProtocol = .tcp },
        Case("notProtocol of another", nil) { $0.notProtocol = .udp },
        Case("ICMP type", nil, flow: ping) { $0.icmp = ICMPMatch(type: 8) },
        Case("ICMP code", .icmp, flow: ping) { $0.icmp = ICMPMatch(type: 8, code: 1) },
        Case("ICMP asked of TCP", .icmp) { $0.icmp = ICMPMatch(type: 8) },
        Case("notICMP", .notICMP, flow: ping) { $0.notICMP = ICMPMatch(type: 8) },
        Case("notICMP of another code", nil, flow: ping) {
            $0.notICMP = ICMPMatch(type: 8, code: 1)
        },
        Case("notICMP leaves TCP alone", nil) { $0.notICMP = ICMPMatch(type: 8) },
    ]

    static func nets(_ texts: String...) -> [Prefix] { texts.compactMap { Prefix($0) } }

    static let netCases = [
        Case("source in a net", nil) { $0.source.nets = nets("192.0.2.0/24", "10.0.0.0/31") },
        Case("destination in no net", .nets(.destination)) {
            $0.destination.nets = nets("10.0.0.0/31")
        },
        Case("nets of the other family alone", .nets(.source)) { $0.source.nets = nets("::/0") },
        Case("source in an excluded net", .notNets(.source)) {
            $0.source.notNets = nets("fd00::/8", "10.0.0.0/31")
        },
        Case("destination in no excluded net", nil) {
            $0.destination.notNets = nets("10.0.0.0/31", "fd00::/8")
        },
        Case("excluded nets of the other family alone", .notNets(.destination)) {
            $0.destination.notNets = nets("fd00::/8")
        },
    ]

    static let set = Update.networkSet(
        NetworkSetID(namespace: "red", name: "s"),
        NetworkSet(
            id: NetworkSetID(namespace: "red", name: "s"),
            labels: ["kind": "set"],
            profiles: ["inherited"],
            nets: nets("10.0.0.0/31")
        )
    )
    static let inherited = Update.profile(
        "inherited",
        Sample.profile("inherited", [], labels: ["team": "x", "kind": "profile"])
    )

    static let selectorCases = [
        Case("endpoint's label", nil) { $0.source.selectors = ["app == 'web'"] },
        Case("other label", .selector(.source, "app == 'db'")) {
            $0.source.selectors = ["app == 'db'"]
        },
        Case("!= needs an object of that address", .selector(.source, "app != 'x'"), flow: far) {
            $0.source.selectors = ["app != 'x'"]
        },
        Case("network set's label", nil, extra: [set]) { $0.source.selectors = ["kind == 'set'"] },
        Case("label that the set inherits", nil, extra: [set, inherited]) {
            $0.source.selectors = ["team == 'x'"]
        },
        Case(
            "own label wins over the inherited",
            .selector(.source, "kind == 'profile'"),
            extra: [set, inherited]
        ) { $0.source.selectors = ["kind == 'profile'"] },
        Case("each selector may be met by another object", nil, extra: [set]) {
            $0.source.selectors = ["kind == 'set'", "app == 'web'"]
        },
        Case(
            "one selector must be met by one object",
            .selector(.source, "kind == 'set' && app == 'web'"),
            extra: [set]
        ) {
            $0.source.selectors = ["kind == 'set' && app == 'web'"]
        },
        Case("excluded selector", .notSelector(.source, "kind == 'set'"), extra: [set]) {
            $0.source.notSelectors = ["app == 'db'", "kind == 'set'"]
        },
        Case("excluded selectors that nothing meets", nil) {
            $0.source.notSelectors = ["app == 'db'"]
        },
        Case("a text that is no selector matches nothing", .selector(.source, "(")) {
            $0.source.selectors = ["("]
        },
    ]

    static let far = Flow(
        source: Address(v4: 0xc633_6401),
        destination: Sample.addressB,
        protocol: .tcp
    )
    static let back = Flow(
        source: Sample.addressB,
        destination: Sample.addressA,
        protocol: .tcp,
        sourcePort: 40000,
        destinationPort: 8080
    )
    static let service = ServiceID(namespace: "red", name: "web")
    static let slice = Update.serviceSlice(
        "red/web-1",
        ServiceSlice(
            service: service,
            members: [.init(address: Sample.addressA, protocol: .tcp, port: 8080)]
        )
    )

    static let portCases = [
        Case("port in a range", nil) { $0.destination.ports = [.range(1...79), .range(80...81)] },
        Case("port in no range", .ports(.destination)) { $0.destination.ports = [.range(81...90)] },
        Case("source port", .ports(.source)) { $0.source.ports = [.range(80...80)] },
        Case("a protocol without ports has none", .ports(.destination), flow: ping) {
            $0.destination.ports = [.range(0...65535)]
        },
        Case("excluded port", .notPorts(.destination)) {
            $0.destination.notPorts = [.range(80...80)]
        },
        Case("excluded ports leave ICMP alone", nil, flow: ping) {
            $0.destination.notPorts = [.range(0...65535)]
        },
        Case("named port of the destination", nil, flow: back) {
            $0.destination.ports = [.named("http")]
        },
        Case("name that the endpoint does not have", .ports(.destination), flow: back) {
            $0.destination.ports = [.named("https")]
        },
        Case("a name or a number", nil, flow: back) {
            $0.destination.ports = [.named("https"), .range(8080...8080)]
        },
        Case(
            "a named port has its own protocol",
            .ports(.destination),
            flow: {
                var flow = back
                flow.protocol = .udp
                return flow
            }()
        ) { $0.destination.ports = [.named("http")] },
        Case(
            "the port's owner must meet the selector itself",
            .ports(.destination),
            flow: back,
            extra: [set]
        ) {
            $0.destination.selectors = ["kind == 'set'"]
            $0.destination.ports = [.named("http")]
        },
        Case("excluded named port", .notPorts(.destination), flow: back) {
            $0.destination.notPorts = [.named("http")]
        },
        Case("service of the destination", nil, flow: back, extra: [slice]) {
            $0.destination.service = service
        },
        Case(
            "other port of the service",
            .service(.destination),
            flow: {
                var flow = back
                flow.destinationPort = 80
                return flow
            }(),
            extra: [slice]
        ) { $0.destination.service = service },
        Case("service of the source, whatever the port", nil, extra: [slice]) {
            $0.source.service = service
        },
        Case("service without slices", .service(.source)) { $0.source.service = service },
    ]

    @Test("conditions of a rule", arguments: cases)
    func condition(_ testCase: Case) throws {
        let updates = Sample.updates([Sample.policy("p", [testCase.rule])]) + testCase.extra
        let evaluator = Evaluator(PolicyWorld(Sample.endpoints + updates))
        let at = testCase.flow.destination == Sample.addressA ? Sample.a : Sample.b
        let judgement = evaluator.judge(testCase.flow, at: at, .ingress)
        let visit = try #require(judgement.visits.first)
        #expect(visit.mismatch == testCase.mismatch)
    }

    @Test("of two profiles with one label, the first wins")
    func firstProfileWins() {
        var world = PolicyWorld()
        for (name, value) in [("p", "1"), ("q", "2")] {
            world.apply(.profile(name, Sample.profile(name, [], labels: ["k": value, name: ""])))
        }
        let labels = world.labels(["own": ""], profiles: ["p", "absent", "q"])
        #expect(labels == ["own": "", "k": "1", "p": "", "q": ""])
    }

    @Test("of two owners of an address, either may match")
    func sharedAddress() {
        let twin = EndpointID.workload(node: "m", workload: "red/twin", endpoint: "eth0")
        let endpoint = Endpoint(id: twin, labels: ["app": "twin"], addresses: [Sample.addressA])
        for name in ["web", "twin"] {
            let rule = Rule(.deny) { $0.source.selectors = ["app == '\(name)'"] }
            let updates = Sample.updates([Sample.policy("p", [rule])])
            let judgement = Sample.judge(updates + [.endpoint(twin, endpoint)])
            #expect(judgement.decision.index == 0)
        }
    }
}
