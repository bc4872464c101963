import Model
import Routing
import Testing

/// Three nodes: `here` and `near` share both segments, `far` is behind a router, `old` has IPv4 only.
private let nodes: [String: Node] = {
    let texts = [
        "here": ["192.168.1.1/24", "fd00:1::1/64"],
        "near": ["192.168.1.2/24", "fd00:1::2/64"],
        "far": ["192.168.2.1/24", "fd00:2::1/64"],
        "old": ["192.168.1.9/24"],
    ]
    return Dictionary(
        uniqueKeysWithValues: texts.map { name, texts in
            let attachments = texts.compactMap { Node.Attachment($0) }
            return (
                name,
                Node(
                    name: name,
                    attachments: Dictionary(
                        uniqueKeysWithValues: attachments.map { ($0.address.family, $0) }
                    )
                )
            )
        }
    )
}()

private struct Case: CustomTestStringConvertible, Sendable {
    struct BlockText: Sendable {
        var prefix: String
        var node: String?
        var borrowed: [String: String] = [:]
    }

    let testDescription: String
    var pools: [(String, Pool.Encapsulation)] = [("10.0.0.0/8", .never), ("fd10::/48", .never)]
    let blocks: [BlockText]
    var routes: Set<String> = []
    var unrouted: [String: Unrouted.Reason] = [:]
}

private let cases = [
    Case(testDescription: "nothing", blocks: []),
    Case(
        testDescription: "another node's block goes by its address",
        blocks: [.init(prefix: "10.1.0.64/26", node: "near")],
        routes: ["10.1.0.64/26 via 192.168.1.2"]
    ),
    Case(
        testDescription: "IPv6 too",
        blocks: [.init(prefix: "fd10::40/122", node: "near")],
        routes: ["fd10::40/122 via fd00:1::2"]
    ),
    Case(
        testDescription: "an own block is a blackhole",
        blocks: [
            .init(prefix: "10.1.0.0/26", node: "here"), .init(prefix: "fd10::/122", node: "here"),
        ],
        routes: ["blackhole 10.1.0.0/26", "blackhole fd10::/122"]
    ),
    Case(
        testDescription: "an own block of one address would hide its pod",
        blocks: [
            .init(prefix: "10.1.0.7/32", node: "here"), .init(prefix: "fd10::7/128", node: "here"),
        ]
    ),
    Case(
        testDescription: "another node's block of one address is an ordinary route",
        blocks: [.init(prefix: "10.1.0.7/32", node: "near")],
        routes: ["10.1.0.7/32 via 192.168.1.2"]
    ),
    Case(
        testDescription: "what a third node borrowed goes to the borrower",
        blocks: [.init(prefix: "10.1.0.64/26", node: "near", borrowed: ["10.1.0.70": "old"])],
        routes: ["10.1.0.64/26 via 192.168.1.2", "10.1.0.70/32 via 192.168.1.9"]
    ),
    Case(
        testDescription: "what another borrowed from us leaves the blackhole",
        blocks: [.init(prefix: "10.1.0.0/26", node: "here", borrowed: ["10.1.0.5": "near"])],
        routes: ["blackhole 10.1.0.0/26", "10.1.0.5/32 via 192.168.1.2"]
    ),
    Case(
        testDescription: "what we borrowed is our pod's route",
        blocks: [.init(prefix: "10.1.0.64/26", node: "near", borrowed: ["10.1.0.70": "here"])],
        routes: ["10.1.0.64/26 via 192.168.1.2"]
    ),
    Case(
        testDescription: "a block without affinity has routes for what is in use only",
        blocks: [.init(prefix: "10.1.0.64/26", borrowed: ["10.1.0.65": "near"])],
        routes: ["10.1.0.65/32 via 192.168.1.2"]
    ),
    Case(
        testDescription: "a node behind a router needs a routing protocol",
        blocks: [.init(prefix: "10.1.0.128/26", node: "far")],
        unrouted: ["10.1.0.128/26": .otherSubnet]
    ),
    Case(
        testDescription: "CrossSubnet is direct on the segment, a tunnel beyond it",
        pools: [("10.0.0.0/8", .crossSubnet)],
        blocks: [
            .init(prefix: "10.1.0.64/26", node: "near"),
            .init(prefix: "10.1.0.128/26", node: "far"),
        ],
        routes: ["10.1.0.64/26 via 192.168.1.2"],
        unrouted: ["10.1.0.128/26": .encapsulated]
    ),
    Case(
        testDescription: "Always is never direct; our own block stays a blackhole",
        pools: [("10.0.0.0/8", .always)],
        blocks: [
            .init(prefix: "10.1.0.64/26", node: "near"), .init(prefix: "10.1.0.0/26", node: "here"),
        ],
        routes: ["blackhole 10.1.0.0/26"],
        unrouted: ["10.1.0.64/26": .encapsulated]
    ),
    Case(
        testDescription: "the smallest pool decides",
        pools: [("10.0.0.0/8", .always), ("10.1.0.0/16", .never)],
        blocks: [.init(prefix: "10.1.0.64/26", node: "near")],
        routes: ["10.1.0.64/26 via 192.168.1.2"]
    ),
    Case(
        testDescription: "a block in no pool",
        blocks: [.init(prefix: "172.16.0.0/26", node: "near")],
        unrouted: ["172.16.0.0/26": .outsidePools]
    ),
    Case(
        testDescription: "a node that is not known",
        blocks: [.init(prefix: "10.1.0.64/26", node: "gone")],
        unrouted: ["10.1.0.64/26": .unknownNode]
    ),
    Case(
        testDescription: "a node without the family",
        blocks: [.init(prefix: "fd10::40/122", node: "old")],
        unrouted: ["fd10::40/122": .noAddress(.v6)]
    ),
]

@Suite
struct DesiredRoutesTests {
    @Test("routes of a topology", arguments: cases)
    fileprivate func routes(_ c: Case) throws {
        let blocks = try c.blocks.map { block in
            var borrowed: [Address: String] = [:]
            for (address, node) in block.borrowed {
                borrowed[try #require(Address(address))] = node
            }
            return Block(
                prefix: try #require(Prefix(block.prefix)),
                node: block.node,
                borrowed: borrowed
            )
        }
        let pools = try c.pools.map {
            Pool(prefix: try #require(Prefix($0.0)), encapsulation: $0.1)
        }

        let desired = DesiredRoutes(
            Topology(thisNode: "here", nodes: nodes, blocks: Set(blocks), pools: Set(pools))
        )

        #expect(Set(desired.routes.map(\.description)) == c.routes)
        let unrouted = desired.unrouted.map { ("\($0.destination)", $0.reason) }
        #expect(Dictionary(uniqueKeysWithValues: unrouted) == c.unrouted)
    }

    @Test("a node's address is the host part, its subnet the network part")
    func attachment() throws {
        let attachment = try #require(Node.Attachment("192.168.1.7/24"))
        #expect(attachment.address == Address("192.168.1.7"))
        #expect(attachment.subnet == Prefix("192.168.1.0/24"))
        #expect(Node.Attachment("192.168.1.7/33") == nil)
        #expect(Node.Attachment("node") == nil)
        #expect(Node.Attachment("192.168.1.7")?.subnet == Prefix("192.168.1.7/32"))
    }
}
