import BGPConfiguration
import JSON
import Model
import Resources
import Testing

@Suite("routes in and out")
struct PolicyTests {
    private static let base = cluster(
        Given.node("a", "10.0.0.1/24"),
        Given.node("b", "10.0.0.2/24"),
        Given.block("192.168.0.0/26", of: "a"),
        Given.calico("IPPool", "p", ["cidr": "192.168.0.0/16"]),
        Given.calico("IPPool", "q", ["cidr": "192.168.9.0/24", "disableBGPExport": true]),
        Given.configuration([
            "prefixAdvertisements": [["cidr": "192.168.0.0/16", "communities": ["65000:1"]]]
        ])
    )

    /// The policy toward the one peer that a BGPPeer makes, of which the AS number is given.
    private func policy(_ rules: JSONValue = [:], asNumber: Int64 = 64512) throws -> PeerPolicy {
        var cluster = Self.base
        cluster.set(Given.calico("BGPFilter", "f", rules))
        cluster.set(
            Given.peer(
                "p",
                ["peerIP": "10.9.0.1", "asNumber": .int(asNumber), "filters": ["f"]]
            )
        )
        let family = cluster.configuration(of: "a").ipv4
        return PeerPolicy(family, peer: try #require(family.peers.last))
    }

    private func route(
        _ text: String,
        isFromPeer: Bool = false,
        interface: String? = nil,
        communities: Set<Community> = [],
        path: [UInt32] = [],
        priority: UInt32? = nil
    ) throws -> PolicyRoute {
        PolicyRoute(
            try #require(Prefix(text)),
            isFromPeer: isFromPeer,
            interface: interface,
            communities: communities,
            path: path,
            priority: priority
        )
    }

    @Test("own blocks go out, what is inside them only when preferred, the rest by pool")
    func exports() throws {
        let policy = try policy()
        #expect(policy.exported(try route("192.168.0.0/26")) != nil)
        #expect(policy.exported(try route("192.168.0.5/32")) == nil)
        #expect(policy.exported(try route("192.168.0.5/32", priority: 512)) != nil)
        #expect(policy.exported(try route("192.168.7.5/32")) != nil)
        #expect(policy.exported(try route("192.168.9.5/32")) == nil)
        #expect(policy.exported(try route("172.16.0.0/16")) == nil)
    }

    @Test("communities and the usual metric are added to what goes out")
    func attributes() throws {
        let out = try #require(try policy().exported(try route("192.168.0.0/26")))
        #expect(out.communities == [.standard(65000, 1)])
        #expect(out.priority == 1024)
        #expect(LocalPreference.value(ofPriority: 1024) == 2_147_482_623)
        #expect(LocalPreference.priority(ofValue: 2_147_482_623) == 1024)
        #expect(LocalPreference.priority(ofValue: .max) == 0)
    }

    @Test("another agent's tunnel routes go to no peer of the own AS")
    func tunnels() throws {
        let tunnelled = try route("192.168.7.0/26", interface: "vxlan.calico")
        #expect(try policy().exported(tunnelled) == nil)
        #expect(try policy(asNumber: 65000).exported(tunnelled) != nil)
    }

    @Test("everything comes in where no filter speaks; the first rule that matches decides")
    func imports() throws {
        let open = try policy()
        #expect(open.imported(try route("1.0.0.0/8")) != nil)
        let closed = try policy([
            "importV4": [
                [
                    "cidr": "44.0.0.0/16", "matchOperator": "In", "action": "Accept",
                    "prefixLength": ["min": 24, "max": 26],
                    "operations": [
                        ["setPriority": ["value": 256]],
                        ["addCommunity": ["value": "65000:1:2"]],
                        ["prependASPath": ["prefix": [65009, 65009]]],
                    ],
                ],
                ["action": "Reject"],
            ]
        ])
        let found = try #require(closed.imported(try route("44.0.1.0/24", path: [65001])))
        #expect(found.priority == 256)
        #expect(found.communities == [.large(65000, 1, 2)])
        #expect(found.path == [65009, 65009, 65001])
        #expect(closed.imported(try route("44.0.0.0/16")) == nil)
        #expect(closed.imported(try route("44.0.1.0/27")) == nil)
        #expect(closed.imported(try route("45.0.1.0/24")) == nil)
    }

    @Test("a filter's word goes before what holds for all, in both directions")
    func filtersFirst() throws {
        let policy = try policy([
            "exportV4": [
                ["cidr": "192.168.0.0/26", "matchOperator": "Equal", "action": "Reject"],
                ["cidr": "172.16.0.0/12", "matchOperator": "In", "action": "Accept"],
            ]
        ])
        #expect(policy.exported(try route("192.168.0.0/26")) == nil)
        #expect(policy.exported(try route("172.16.0.0/16")) != nil)
        #expect(policy.exported(try route("192.168.7.0/26")) != nil)
    }

    @Test(
        "each condition must hold",
        arguments: [
            (["peerType": "iBGP"], true), (["peerType": "eBGP"], false),
            (["source": "RemotePeers"], true),
            (["interface": "eth*"], true), (["interface": "*0"], true),
            (["interface": "e*h*"], true),
            (["interface": "eth"], false), (["interface": "*1"], false),
            (["communities": ["values": ["1:2"]]], true),
            (["communities": ["values": ["1:3"]]], false),
            (["asPathPrefix": [7]], true), (["asPathPrefix": [7, 8]], true),
            (["asPathPrefix": [8]], false),
            (["priority": 77], true), (["priority": 78], false),
            (["cidr": "10.0.0.0/8", "matchOperator": "NotIn"], false),
            (["cidr": "11.0.0.0/8", "matchOperator": "NotIn"], true),
            (["cidr": "10.1.0.0/16", "matchOperator": "NotEqual"], false),
            (["cidr": "10.0.0.0/8", "matchOperator": "NotEqual"], true),
        ] as [(JSONValue, Bool)]
    )
    func conditions(_ rule: JSONValue, _ matches: Bool) throws {
        var rule = rule
        rule["action"] = "Reject"
        let policy = try policy(["importV4": [rule]])
        let route = try route(
            "10.1.0.0/16",
            isFromPeer: true,
            interface: "eth0",
            communities: [.standard(1, 2)],
            path: [7, 8, 9],
            priority: 77
        )
        #expect((policy.imported(route) == nil) == matches)
    }

    @Test("learnt routes are written by who programs what; own blocks only when they moved")
    func kernel() throws {
        var cluster = Self.base
        cluster.set(Given.calico("IPPool", "x", ["cidr": "10.50.0.0/16", "vxlanMode": "Always"]))
        cluster.set(
            Given.calico("IPPool", "i", ["cidr": "10.60.0.0/16", "ipipMode": "CrossSubnet"])
        )
        cluster.set(Given.configuration(["programClusterRoutes": "Enabled"]))
        let family = cluster.configuration(of: "a").ipv4
        func verdict(_ net: String, _ hop: String, _ priority: UInt32? = nil) throws
            -> KernelVerdict
        {
            family.kernelVerdict(
                try #require(Prefix(net)),
                via: try #require(Address(hop)),
                priority: priority
            )
        }
        #expect(try verdict("192.168.7.0/26", "10.0.0.2") == .write)
        #expect(try verdict("192.168.0.0/26", "10.0.0.2") == .leave)
        #expect(try verdict("192.168.0.0/26", "10.0.0.2", 512) == .write)
        #expect(try verdict("192.168.0.7/32", "10.0.0.2") == .write)
        #expect(try verdict("10.50.0.0/26", "10.0.0.2") == .leave)
        #expect(try verdict("10.60.0.0/26", "10.0.0.2") == .write)
        #expect(try verdict("10.60.0.0/26", "10.7.0.2") == .tunnel)
        #expect(try verdict("0.0.0.0/0", "10.0.0.254") == .write)
    }

    @Test("a node that is peered with by name has one session, and not the mesh's")
    func sessions() {
        var cluster = Self.base
        cluster.set(Given.peer("p", ["node": "a", "peerIP": "10.0.0.2", "asNumber": 64512]))
        let family = cluster.configuration(of: "a").ipv4
        #expect(family.peers.count == 2)
        #expect(family.sessions.map(\.kind) == [.node])
        #expect(family.origins.map(\.description) == ["192.168.0.0/26"])
    }
}
