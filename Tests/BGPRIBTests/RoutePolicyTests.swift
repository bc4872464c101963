import BGPMessage
import BGPRIB
import Model
import Testing

@Suite struct RoutePolicyTests {
    typealias Rule = RoutePolicy.Rule

    struct Match: CustomTestStringConvertible {
        let testDescription: String
        let matchOperator: RoutePolicy.PrefixMatch.Operator
        var lengths: ClosedRange<Int>?
        let passes: [String]
    }

    static let prefixes = ["10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "11.0.0.0/16"]

    static let matches = [
        Match(testDescription: "Equal", matchOperator: .equal, passes: ["10.1.0.0/16"]),
        Match(
            testDescription: "NotEqual",
            matchOperator: .notEqual,
            passes: ["10.0.0.0/8", "10.1.1.0/24", "11.0.0.0/16"]
        ),
        Match(testDescription: "In", matchOperator: .in, passes: ["10.1.0.0/16", "10.1.1.0/24"]),
        Match(
            testDescription: "NotIn",
            matchOperator: .notIn,
            passes: ["10.0.0.0/8", "11.0.0.0/16"]
        ),
        Match(
            testDescription: "In, of a length",
            matchOperator: .in,
            lengths: 20...24,
            passes: ["10.1.1.0/24"]
        ),
        Match(
            testDescription: "NotIn, of a length",
            matchOperator: .notIn,
            lengths: 16...24,
            passes: ["11.0.0.0/16"]
        ),
    ]

    /// What passes an import policy of a peer outside, by prefix.
    private static func pass(
        _ policy: RoutePolicy,
        _ prefixes: [String] = prefixes,
        _ change: (inout PathAttributes) -> Void = { _ in }
    ) throws -> [String: PathAttributes] {
        let scene = Scene()
        let source = scene.peer(as: 7, { _ in }) { $0.importPolicy = policy }
        let sink = scene.peer()
        for prefix in prefixes { scene.send(source, prefix, path: [8], change) }
        try scene.run()
        return Dictionary(
            uniqueKeysWithValues: scene.told(sink).map { ($0.key.description, $0.value) }
        )
    }

    @Test(arguments: matches)
    func `prefixes match as the operator says`(_ match: Match) throws {
        let prefix = try #require(Prefix("10.1.0.0/16"))
        let condition = RoutePolicy.Condition.prefix(
            .init(prefix, match.matchOperator, lengths: match.lengths)
        )
        let accepting = RoutePolicy([Rule([condition], action: .accept)], otherwise: .reject)
        #expect(try Self.pass(accepting).keys.sorted() == match.passes.sorted())
        let rejecting = RoutePolicy([Rule([condition], action: .reject)], otherwise: .accept)
        let rest = Set(Self.prefixes).subtracting(match.passes)
        #expect(try Set(Self.pass(rejecting).keys) == rest)
    }

    @Test func `rules go on until one decides, and what they changed adds up`() throws {
        let policy = RoutePolicy(
            [
                Rule([], operations: [.addCommunity(.standard(Community(1, 1)))], action: nil),
                Rule(
                    [.community(.standard(Community(9, 9)))],
                    operations: [
                        .addCommunity(.large(LargeCommunity(1, 2, 3))), .setPriority(100),
                    ],
                    action: .accept
                ),
                Rule([], operations: [.prependASPath([5, 6])], action: .accept),
            ],
            otherwise: .reject
        )
        let plain = try Self.pass(policy, ["10.1.0.0/16"])["10.1.0.0/16"]
        #expect(plain?.asPath == ASPath(sequence: [5, 6, 7, 8]))
        #expect(plain?.communities == [Community(1, 1)])
        let marked = try Self.pass(policy, ["10.1.0.0/16"]) { $0.add(Community(9, 9)) }
        #expect(marked["10.1.0.0/16"]?.asPath == ASPath(sequence: [7, 8]))
        #expect(marked["10.1.0.0/16"]?.communities == [Community(1, 1), Community(9, 9)])
        #expect(marked["10.1.0.0/16"]?.largeCommunities == [LargeCommunity(1, 2, 3)])
        #expect(marked["10.1.0.0/16"]?.localPreference == UInt32(0x7fff_ffff - 100))
    }

    struct Holds: CustomTestStringConvertible {
        let testDescription: String
        let condition: RoutePolicy.Condition
        let holds: Bool
    }

    static let conditions = [
        Holds(testDescription: "path", condition: .asPathPrefix([7, 8]), holds: true),
        Holds(testDescription: "other path", condition: .asPathPrefix([8]), holds: false),
        Holds(testDescription: "remote", condition: .source(.remotePeers), holds: true),
        Holds(testDescription: "local", condition: .source(.local), holds: false),
        Holds(testDescription: "external", condition: .peerType(.external), holds: true),
        Holds(testDescription: "internal", condition: .peerType(.internal), holds: false),
        Holds(testDescription: "not", condition: .not(.source(.local)), holds: true),
        Holds(testDescription: "priority", condition: .priority(5...5), holds: true),
        Holds(testDescription: "other priority", condition: .priority(6...9), holds: false),
        Holds(
            testDescription: "local preference",
            condition: .localPreference(0x7fff_fffa...0x7fff_fffa),
            holds: true
        ),
        Holds(testDescription: "interface", condition: .interface("eth*"), holds: true),
        Holds(testDescription: "star in the middle", condition: .interface("e*h*0"), holds: true),
        Holds(testDescription: "other interface", condition: .interface("eth"), holds: false),
        Holds(
            testDescription: "overlapping star",
            condition: .interface("eth0*eth0"),
            holds: false
        ),
    ]

    @Test(arguments: conditions)
    func `conditions hold as they say`(_ c: Holds) throws {
        let scene = Scene()
        scene.rib.resolve(Address(v4: 0x0a00_0909), .reachable(cost: 0, interface: "eth0"))
        let source = scene.peer(as: 7, { _ in }) {
            $0.importPolicy = RoutePolicy(
                [Rule([c.condition], action: .accept)],
                otherwise: .reject
            )
        }
        scene.send(source, "10.1.0.0/16", path: [8]) { $0.localPreference = 0x7fff_ffff - 5 }
        #expect(try scene.run().isEmpty != c.holds)
    }

    /// Inventory §6.3: what Calico's nodes tell each other and the fabric.
    @Test func `Calico's export rules can be said`() throws {
        func match(_ text: String, _ o: RoutePolicy.PrefixMatch.Operator) throws
            -> RoutePolicy.PrefixMatch
        { .init(try #require(Prefix(text)), o) }
        let policy = RoutePolicy(
            [
                // A pool that is not exported.
                Rule([.prefix(try match("10.9.0.0/16", .in))], action: .reject),
                // Device routes over tunnels stay here.
                Rule(
                    [.source(.local), .not(.peerType(.external)), .interface("*.calico")],
                    action: .reject
                ),
                // Communities by prefix.
                Rule(
                    [.prefix(try match("10.1.0.0/16", .in))],
                    operations: [.addCommunity(.standard(Community(100, 1)))],
                    action: nil
                ),
                // The node's block, and what is more special only if it migrates.
                Rule([.prefix(try match("10.1.1.0/26", .equal))], action: .accept),
                Rule(
                    [.prefix(try match("10.1.1.0/26", .in)), .not(.priority(0...1023))],
                    action: .reject
                ),
                Rule([.anyPrefix([try match("10.1.0.0/16", .in)])], action: .accept),
            ],
            otherwise: .reject
        )
        let scene = Scene()
        let mate = scene.peer({ _ in }) { $0.exportPolicy = policy }
        let router = scene.peer(as: 7, { _ in }) { $0.exportPolicy = policy }
        func announce(_ text: String, metric: UInt32 = 1024, _ interface: String? = nil) throws {
            var attributes = PathAttributes()
            attributes.priority = metric
            scene.rib.announce(
                LocalRoute(
                    try #require(Prefix(text)),
                    attributes: attributes,
                    interface: interface
                )
            )
        }
        try announce("10.1.1.0/26")
        try announce("10.1.1.5/32", "cali123")
        try announce("10.1.1.6/32", metric: 512, "cali456")
        try announce("10.1.2.0/26", "vxlan.calico")
        try announce("10.9.1.0/26")
        try announce("172.16.0.0/12")
        try scene.run()
        #expect(
            scene.told(mate).keys.map(\.description).sorted() == ["10.1.1.0/26", "10.1.1.6/32"]
        )
        #expect(
            scene.told(router).keys.map(\.description).sorted()
                == ["10.1.1.0/26", "10.1.1.6/32", "10.1.2.0/26"]
        )
        #expect(scene.told(mate, "10.1.1.6/32")?.localPreference == UInt32(0x7fff_ffff - 512))
        #expect(scene.told(router, "10.1.1.0/26")?.communities == [Community(100, 1)])
        #expect(scene.told(router, "10.1.1.0/26")?.localPreference == nil)
    }

    /// Inventory §6.3: a route that is better than normal beats even this node's own.
    @Test func `an elevated route is preferred to our own`() throws {
        let policy = RoutePolicy(
            [
                Rule(
                    [.localPreference((0x7fff_ffff - 1023)...UInt32.max)],
                    operations: [.setPreference(201)],
                    action: .accept
                )
            ],
            otherwise: .accept
        )
        let scene = Scene()
        let peer = scene.peer({ _ in }) { $0.importPolicy = policy }
        let prefix = try #require(Prefix("10.1.1.5/32"))
        scene.rib.announce(LocalRoute(prefix, interface: "cali123"))
        scene.send(peer, "10.1.1.5/32")
        try scene.run()
        #expect(scene.rib.best(prefix)?.source == .local)
        scene.send(peer, "10.1.1.5/32") { $0.localPreference = 0x7fff_ffff - 512 }
        try scene.run()
        #expect(scene.rib.best(prefix)?.source == peer)
    }
}
