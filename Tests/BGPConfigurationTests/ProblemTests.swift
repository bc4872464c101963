import BGPConfiguration
import JSON
import Model
import Resources
import Testing

@Suite("what is asked for and cannot be")
struct ProblemTests {
    private static let pair = cluster(
        Given.node("a", "10.0.0.1/24"),
        Given.node("b", "10.0.0.2/24")
    )

    @Test("a missing filter is named, and the peer is there without it")
    func missingFilter() {
        var cluster = Self.pair
        cluster.set(
            Given.peer("p", ["peerIP": "10.9.0.1", "asNumber": 65000, "filters": ["in", "gone"]])
        )
        cluster.set(Given.calico("BGPFilter", "in", ["importV4": [["action": "Reject"]]]))
        let found = cluster.configuration(of: "a")
        #expect(found.problems.map(\.description) == ["BGPPeer(p): BGPFilter(gone) does not exist"])
        #expect(found.ipv4.peers.last?.importFilters == ["in"])
        #expect(found.ipv4.peers.last?.exportFilters == [])
        #expect(found.ipv4.peers.count == 2)
    }

    @Test("a missing password holds its own session back and no other")
    func missingPassword() {
        var cluster = Self.pair
        let reference: JSONValue = ["secretKeyRef": ["name": "s", "key": "k"]]
        cluster.set(
            Given.peer("p", ["peerIP": "10.9.0.1", "asNumber": 65000, "password": reference])
        )
        let peers = cluster.configuration(of: "a").ipv4.peers
        #expect(peers.map(\.password) == [.none, .missing(SecretKey(name: "s", key: "k"))])
        #expect(
            cluster.problems(of: "a")
                == ["BGPPeer(p): the password's Secret s, key k does not exist"]
        )
        cluster.set(Given.secret("s", ["k": "c2VjcmV0"], encoded: true))
        #expect(cluster.configuration(of: "a").ipv4.peers.last?.password == .known("secret"))
        #expect(cluster.problems(of: "a").isEmpty)
    }

    @Test("a password of another namespace is none")
    func secretNamespace() {
        var cluster = Self.pair
        var secret = Given.secret("s", ["k": "x"])
        secret.metadata["namespace"] = "default"
        cluster.set(secret)
        cluster.set(
            Given.configuration(["nodeMeshPassword": ["secretKeyRef": ["name": "s", "key": "k"]]])
        )
        #expect(
            cluster.problems(of: "a")
                == ["BGPConfiguration(default): the password's Secret s, key k does not exist"]
        )
    }

    @Test(
        "an object that contradicts itself is named and left out",
        arguments: [
            (["node": "a", "nodeSelector": "all()", "peerIP": "10.9.0.1", "asNumber": 1], "node"),
            (["peerIP": "10.9.0.1", "peerSelector": "all()", "asNumber": 1], "peerIP"),
            (["asNumber": 1], "peerIP"),
            (["localWorkloadSelector": "all()"], "asNumber"),
            (["peerIP": "10.9.0.1", "asNumber": 1, "reachableBy": "fd00::1"], "reachableBy"),
            (["peerIP": "10.9.0.1:0", "asNumber": 1], "peerIP"),
            (["peerIP": "10.9.0.1", "asNumber": "1.2.3"], "asNumber"),
            (["peerSelector": "has("], "peerSelector"),
            (["peerIP": "10.9.0.1", "asNumber": 1, "maxRestartTime": "soon"], "maxRestartTime"),
        ] as [(JSONValue, String)]
    )
    func contradictions(spec: JSONValue, field: String) {
        var cluster = Self.pair
        let before = cluster.configuration(of: "a")
        cluster.set(Given.peer("p", spec))
        let after = cluster.configuration(of: "a")
        #expect(after.problems.count == 1)
        #expect(after.problems.first?.object == "BGPPeer(p)")
        #expect(after.problems.first?.reason.contains(field) ?? false)
        #expect(after.ipv4 == before.ipv4)
    }

    @Test("the last sensible state of an object stays in force")
    func lastGoodState() {
        var cluster = Self.pair
        cluster.set(Given.configuration(["nodeToNodeMeshEnabled": false, "asNumber": 65000]))
        cluster.set(Given.configuration(["nodeToNodeMeshEnabled": false, "asNumber": "many"]))
        let found = cluster.configuration(of: "a")
        #expect(found.localAS == 65000)
        #expect(found.ipv4.peers.isEmpty)
        #expect(found.problems.map(\.object) == ["BGPConfiguration(default)"])
        cluster.set(Given.configuration(["asNumber": 65001]))
        #expect(cluster.configuration(of: "a").localAS == 65001)
        #expect(cluster.problems(of: "a").isEmpty)
    }

    @Test("an address that is no node's needs an AS number")
    func noASNumber() {
        var cluster = Self.pair
        cluster.set(Given.peer("p", ["peerIP": "10.9.0.1"]))
        cluster.set(Given.peer("q", ["peerIP": "10.0.0.2"]))
        #expect(
            cluster.problems(of: "a")
                == ["BGPPeer(p): needs asNumber: 10.9.0.1 is no node's address"]
        )
        #expect(cluster.peers(of: "a").contains("global 10.0.0.2 as 64512 passive"))
    }

    @Test("of two BGPPeers for one session the first counts, and the other is named")
    func twice() {
        var cluster = Self.pair
        cluster.set(Given.peer("p", ["peerIP": "10.9.0.1", "asNumber": 65001]))
        cluster.set(Given.peer("q", ["peerIP": "10.9.0.1", "asNumber": 65002]))
        cluster.set(Given.peer("r", ["peerIP": "10.9.0.1:1179", "asNumber": 65003]))
        #expect(
            cluster.problems(of: "a")
                == ["BGPPeer(q): the session with 10.9.0.1 is BGPPeer(p)'s already"]
        )
        #expect(
            cluster.peers(of: "a").dropFirst() == [
                "global 10.9.0.1 as 65001", "global 10.9.0.1:1179 as 65003",
            ]
        )
    }

    @Test("a node that does not exist has no peers and says so")
    func unknownNode() {
        let found = Self.pair.configuration(of: "z")
        #expect(found.ipv4.peers.isEmpty)
        #expect(found.problems.map(\.description) == ["Node(z): does not exist"])
    }

    @Test("an undefined community is named; defined ones of the cluster are known to a node's list")
    func communities() throws {
        var cluster = Self.pair
        cluster.set(
            Given.configuration([
                "communities": [["name": "site", "value": "65000:7"]],
                "prefixAdvertisements": [["cidr": "10.0.0.0/8", "communities": ["site"]]],
            ])
        )
        cluster.set(
            Given.configuration(
                [
                    "prefixAdvertisements": [
                        ["cidr": "10.1.0.0/16", "communities": ["site", "nowhere", "1:2:3"]]
                    ]
                ],
                name: "node.a"
            )
        )
        let found = cluster.configuration(of: "a")
        #expect(
            found.ipv4.communities.map { "\($0.cidr) \($0.community)" } == [
                "10.1.0.0/16 65000:7", "10.1.0.0/16 1:2:3",
            ]
        )
        #expect(
            found.problems.map(\.description) == [
                "BGPConfiguration(node.a): community 'nowhere' for 10.1.0.0/16 is defined nowhere"
            ]
        )
        #expect(cluster.configuration(of: "b").ipv4.communities.count == 1)
    }
}
