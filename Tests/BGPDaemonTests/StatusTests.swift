import Agent
import BGPConfiguration
import BGPDaemon
import Datastore
import DatastoreMemory
import IPAM
import JSON
import Logging
import Model
import Resources
import Testing

private func peer(
    _ kind: BGPPeerConfiguration.Kind,
    _ address: String,
    _ state: PeerReport.State
) throws -> PeerReport {
    var peer = BGPPeerConfiguration(
        kind: kind,
        address: try #require(Address(address)),
        asNumber: 64512,
        localAS: 64512
    )
    peer.resource = kind == .mesh ? nil : "tor"
    return PeerReport(
        peer,
        state,
        inState: .seconds(90),
        reason: "HoldTimer_Expires",
        establishedCount: 2,
        counts: [.v4: PeerReport.Counts(received: 5, accepted: 4, advertised: 3)]
    )
}

private func report() throws -> SpeakerReport {
    var report = SpeakerReport(node: "a", routerID: Address(v4: 0x0a00_0001), localAS: 64512)
    report.peers = [
        try peer(.mesh, "10.0.0.2", .established), try peer(.global, "10.0.0.9", .active),
        try peer(.node, "fd00::9", .established),
    ]
    report.problems = [BGPProblem("BGPPeer(p)", "BGPFilter(f) does not exist")]
    report.installed = 7
    return report
}

@Suite("what is told of a speaker")
struct StatusTests {
    private static let now = Timestamp(seconds: 1_700_000_000)

    private func text() throws -> NodeStatusText {
        NodeStatusText(
            try report(),
            started: Timestamp(seconds: 1_600_000_000),
            configured: Timestamp(seconds: 1_650_000_000),
            version: "1.2.3"
        )
    }

    @Test("CalicoNodeStatus: peers by family and type, and only the classes asked for")
    func nodeStatus() throws {
        let status = try text().status(["BGP"], now: Self.now)
        #expect(status["agent"] == nil)
        #expect(status["lastUpdated"] == "2023-11-14T22:13:20Z")
        let sessions = try #require(status["bgp"])
        #expect(sessions["numberEstablishedV4"] == 1)
        #expect(sessions["numberNotEstablishedV4"] == 1)
        #expect(sessions["numberEstablishedV6"] == 1)
        #expect(
            sessions["peersV4"] == [
                [
                    "peerIP": "10.0.0.2", "type": "NodeMesh", "state": "Established",
                    "since": "2023-11-14T22:11:50Z",
                ],
                [
                    "peerIP": "10.0.0.9", "type": "GlobalPeer", "state": "Active",
                    "since": "2023-11-14T22:11:50Z",
                ],
            ]
        )
        let agent = try #require(try text().status(["Agent"], now: Self.now)["agent"]?["birdV4"])
        #expect(agent["routerID"] == "10.0.0.1" && agent["version"] == "1.2.3")
        #expect(agent["lastBootTime"] == "2020-09-13T12:26:40Z")
    }

    @Test("the status is written for this node, as often as the object asks, and not for others")
    func keeper() async throws {
        let store = MemoryDatastore()
        func object(_ name: String, node: String, period: Int64) -> Resource {
            Resource(
                .calico("CalicoNodeStatus"),
                version: "v3",
                name: name,
                spec: [
                    "node": .string(node), "classes": ["BGP"],
                    "updatePeriodSeconds": .int(period),
                ]
            )
        }
        for object in [
            object("mine", node: "a", period: 10), object("other", node: "b", period: 10),
            object("stopped", node: "a", period: 0),
        ] {
            _ = try await store.create(object)
        }
        let keeper = NodeStatusKeeper(node: "a", store: store, logger: Logger(label: "test"))
        let (items, revision) = try await store.snapshot(NodeStatusKeeper.types)
        await keeper.take(.snapshot(items, revision))
        let text = try text()
        func updated(_ name: String) async throws -> JSONValue? {
            let key = ResourceKey(.calico("CalicoNodeStatus"), name: name)
            return try await store.get(key)?.value["status"]?["lastUpdated"]
        }
        await keeper.update(now: Self.now) { text }
        #expect(try await updated("mine") == "2023-11-14T22:13:20Z")
        #expect(try await updated("other") == nil)
        #expect(try await updated("stopped") == nil)
        await keeper.update(now: Timestamp(seconds: 1_700_000_005)) { text }
        #expect(try await updated("mine") == "2023-11-14T22:13:20Z")
        await keeper.update(now: Timestamp(seconds: 1_700_000_010)) { text }
        #expect(try await updated("mine") == "2023-11-14T22:13:30Z")
    }

    @Test("metrics per peer and family; a peer that goes takes its own along")
    func metrics() throws {
        let metrics = Metrics()
        var report = try report()
        report.set(metrics)
        let text = metrics.text()
        for line in [
            #"caracal_bgp_session_up{kind="mesh",peer="10.0.0.2"} 1"#,
            #"caracal_bgp_session_up{kind="global",peer="10.0.0.9"} 0"#,
            #"caracal_bgp_routes{family="ipv4",kind="mesh",peer="10.0.0.2",what="accepted"} 4"#,
            #"caracal_bgp_kernel_routes{state="installed"} 7"#,
            "caracal_bgp_problems 1",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        report.peers = []
        report.set(metrics)
        #expect(!metrics.text().contains("10.0.0.2"))
    }

    @Test("the answer to people names everything once")
    func json() throws {
        let json = try report().json
        #expect(json["peers"]?.array?.count == 3)
        #expect(json["peers"]?.array?[1]["resource"] == "tor")
        #expect(json["peers"]?.array?[0]["ipv4"]?["received"] == 5)
        #expect(json["problems"] == ["BGPPeer(p): BGPFilter(f) does not exist"])
        #expect(json["kernel"]?["installed"] == 7)
    }
}
