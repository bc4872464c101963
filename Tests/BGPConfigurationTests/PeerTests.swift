import BGPConfiguration
import JSON
import Model
import Resources
import Testing

@Suite("sessions of a node")
struct PeerTests {
    private static let three = cluster(
        Given.node("a", "10.0.0.1/24", labels: ["rack": "1"]),
        Given.node("b", "10.0.0.2/24", labels: ["rack": "1"]),
        Given.node("c", "10.0.0.3/24", labels: ["rack": "2"])
    )

    @Test("every node peers with every other, and of two ends one connects")
    func mesh() {
        #expect(
            Self.three.peers(of: "b") == [
                "mesh 10.0.0.1 as 64512", "mesh 10.0.0.3 as 64512 passive",
            ]
        )
        #expect(
            Self.three.peers(of: "a") == [
                "mesh 10.0.0.2 as 64512 passive", "mesh 10.0.0.3 as 64512 passive",
            ]
        )
    }

    @Test("nodes of another AS are in the mesh; reflectors and nodes without an address are not")
    func meshMembers() {
        var cluster = Self.three
        cluster.set(Given.node("b", "10.0.0.2/24", asNumber: 65001))
        cluster.set(Given.node("c", "10.0.0.3/24", cluster: "1.0.0.1"))
        cluster.set(Given.node("d", nil, "fd00::4/64"))
        #expect(cluster.peers(of: "a") == ["mesh 10.0.0.2 as 65001 passive"])
        #expect(cluster.peers(of: "c").isEmpty)
        #expect(cluster.configuration(of: "b").localAS == 65001)
    }

    @Test("a node's own listen port is where others find it, the cluster's otherwise")
    func listenPorts() {
        var cluster = Self.three
        cluster.set(Given.configuration(["listenPort": 1179]))
        cluster.set(Given.configuration(["listenPort": 1180, "asNumber": 1], name: "node.b"))
        #expect(
            cluster.peers(of: "a") == [
                "mesh 10.0.0.2:1180 as 64512 passive", "mesh 10.0.0.3:1179 as 64512 passive",
            ]
        )
        let own = cluster.configuration(of: "b")
        #expect(own.listenPort == 1180)
        // Of a node's own object only its port, log level and communities count.
        #expect(own.localAS == 64512)
    }

    @Test("a peering by selector has its mirror image on the nodes that it picks")
    func reversed() {
        var cluster = Self.three
        cluster.set(Given.configuration(["nodeToNodeMeshEnabled": false]))
        cluster.set(
            Given.peer("p", ["nodeSelector": "rack == '1'", "peerSelector": "rack == '2'"])
        )
        #expect(cluster.peers(of: "a") == ["node 10.0.0.3 as 64512"])
        #expect(
            cluster.peers(of: "c") == ["node 10.0.0.1 as 64512", "node 10.0.0.2 as 64512"]
        )
        cluster.set(
            Given.peer(
                "p",
                [
                    "nodeSelector": "rack == '1'", "peerSelector": "rack == '2'",
                    "reversePeering": "Manual",
                ]
            )
        )
        #expect(cluster.peers(of: "a") == ["node 10.0.0.3 as 64512"])
        #expect(cluster.peers(of: "c").isEmpty)
    }

    @Test("the mirror image sees the AS number that the other end shows it")
    func reversedLocalAS() throws {
        var cluster = Self.three
        cluster.set(Given.configuration(["nodeToNodeMeshEnabled": false]))
        cluster.set(
            Given.peer("p", ["node": "a", "peerSelector": "rack == '2'", "localASNumber": 65009])
        )
        let there = try #require(cluster.configuration(of: "a").ipv4.peers.first)
        #expect(there.localASNumber == 65009)
        #expect(!there.isInternal)
        let back = try #require(cluster.configuration(of: "c").ipv4.peers.first)
        #expect(back.asNumber == 65009)
        #expect(!back.isInternal)
    }

    @Test("what a BGPPeer says of a node goes before a mirror image")
    func explicitBeforeReversed() throws {
        var cluster = Self.three
        cluster.set(Given.configuration(["nodeToNodeMeshEnabled": false]))
        cluster.set(
            Given.peer(
                "1",
                ["node": "a", "peerIP": "10.0.0.2", "asNumber": 64512, "ttlSecurity": 3]
            )
        )
        cluster.set(
            Given.peer(
                "2",
                ["node": "b", "peerIP": "10.0.0.1", "asNumber": 64512, "ttlSecurity": 7]
            )
        )
        let peers = cluster.configuration(of: "b").ipv4.peers
        #expect(peers.count == 1)
        #expect(peers.first?.ttlSecurity == 7)
        #expect(cluster.problems(of: "b").isEmpty)
    }

    @Test("reflectors of one cluster are no clients of each other; all others of the AS are")
    func reflection() {
        var cluster = cluster(
            Given.configuration(["nodeToNodeMeshEnabled": false]),
            Given.node("a", "10.0.0.1/24", labels: ["rr": "1"], cluster: "1.0.0.1"),
            Given.node("b", "10.0.0.2/24", labels: ["rr": "1"], cluster: "1.0.0.1"),
            Given.node("c", "10.0.0.3/24", labels: ["rr": "1"], cluster: "1.0.0.2"),
            Given.node("d", "10.0.0.4/24"),
            Given.peer("p", ["nodeSelector": "all()", "peerSelector": "has(rr)"])
        )
        #expect(
            cluster.peers(of: "a") == [
                "node 10.0.0.2 as 64512", "node 10.0.0.3 as 64512 client of 1.0.0.1",
                "node 10.0.0.4 as 64512 client of 1.0.0.1",
            ]
        )
        #expect(
            cluster.peers(of: "d") == [
                "node 10.0.0.1 as 64512", "node 10.0.0.2 as 64512", "node 10.0.0.3 as 64512",
            ]
        )
        cluster.set(Given.peer("tor", ["peerIP": "10.0.0.254", "asNumber": 65000]))
        #expect(cluster.peers(of: "a").contains("global 10.0.0.254 as 65000"))
    }

    @Test("local workloads are peers from the peering address, each on its node only")
    func localWorkloads() throws {
        var cluster = Self.three
        func workload(_ name: String, on node: String, _ address: String) -> Resource {
            Resource(
                .calico("WorkloadEndpoint"),
                version: "v3",
                namespace: "default",
                name: name,
                labels: ["router": "yes"],
                spec: [
                    "node": .string(node), "pod": .string(name), "orchestrator": "k8s",
                    "endpoint": "eth0", "ipNetworks": [.string(address)],
                ]
            )
        }
        cluster.set(
            Given.configuration(
                ["nodeToNodeMeshEnabled": false, "localWorkloadPeeringIPV4": "169.254.9.1"]
            )
        )
        cluster.set(workload("r1", on: "a", "192.168.1.5/32"))
        cluster.set(workload("r2", on: "b", "192.168.2.5/32"))
        cluster.set(
            Given.peer("w", ["localWorkloadSelector": "router == 'yes'", "asNumber": 65100])
        )
        let peers = cluster.configuration(of: "a").ipv4.peers
        #expect(cluster.peers(of: "a") == ["localWorkload 192.168.1.5 as 65100"])
        #expect(peers.first?.sourceAddress == Address("169.254.9.1"))
        #expect(cluster.peers(of: "b") == ["localWorkload 192.168.2.5 as 65100"])
        #expect(cluster.peers(of: "c").isEmpty)
        cluster.remove(workload("r1", on: "a", "192.168.1.5/32"))
        #expect(cluster.peers(of: "a").isEmpty)
    }

    @Test("keepOriginalNextHop is for eBGP alone, nextHopMode for both")
    func nextHops() {
        var cluster = Self.three
        cluster.set(Given.configuration(["nodeToNodeMeshEnabled": false]))
        for (name, number) in [("1", 64512), ("2", 65000)] as [(String, Int64)] {
            cluster.set(
                Given.peer(
                    "old-\(name)",
                    [
                        "peerIP": .string("172.16.0.\(name)"), "asNumber": .int(number),
                        "keepOriginalNextHop": true,
                    ]
                )
            )
            cluster.set(
                Given.peer(
                    "new-\(name)",
                    [
                        "peerIP": .string("172.16.1.\(name)"), "asNumber": .int(number),
                        "nextHopMode": "Keep",
                    ]
                )
            )
        }
        let hops = cluster.configuration(of: "a").ipv4.peers.map(\.nextHop)
        #expect(hops == [.auto, .keep, .keep, .keep])
    }

    @Test("the router id is the IPv4 address, and made of the name where there is none")
    func routerIDs() {
        var cluster = Self.three
        cluster.set(Given.node("six", nil, "fd00::6/64"))
        #expect(cluster.configuration(of: "a").routerID == Address("10.0.0.1"))
        let hashed = cluster.configuration(of: "six").routerID
        #expect(hashed.isV4 && hashed.v4 != 0)
        #expect(hashed == cluster.configuration(of: "six", routerID: .hash).routerID)
        #expect(hashed != cluster.configuration(of: "a", routerID: .hash).routerID)
        let given = RouterIDChoice.address(Address(v4: 7))
        #expect(cluster.configuration(of: "a", routerID: given).routerID == Address(v4: 7))
    }
}
