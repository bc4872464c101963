import BGPConfiguration
import JSON
import Model
import Testing

@Suite("large clusters")
struct ClusterSizeTests {
    @Test("a change in a mesh of 5,000 nodes costs a node milliseconds")
    func largeMesh() {
        var cluster = cluster(Given.configuration([:]))
        for index in 0..<5000 {
            let address = "10.\(index / 65536).\(index / 256 % 256).\(index % 256)"
            let node = Given.node("n\(index)", "\(address)/8", labels: ["rack": "\(index / 40)"])
            cluster.set(node)
            cluster.set(
                Given.block(
                    "172.\(16 + index / 4096).\(index / 16 % 256).\(index % 16 * 16)/28",
                    of: "n\(index)"
                )
            )
        }
        for rack in 0..<125 {
            cluster.set(
                Given.peer(
                    "tor-\(rack)",
                    [
                        "nodeSelector": .string("rack == '\(rack)'"), "asNumber": 65000,
                        "peerIP": .string("10.255.0.\(rack)"),
                    ]
                )
            )
        }
        let before = cluster.configuration(of: "n0")
        #expect(before.ipv4.peers.count == 5000)
        let clock = ContinuousClock()
        var worst = Duration.zero
        for index in 1...10 {
            cluster.set(Given.node("n\(index)", "10.9.0.\(index)/8"))
            worst = max(worst, clock.measure { _ = cluster.configuration(of: "n0") })
        }
        #expect(cluster.configuration(of: "n0").ipv4.peers.count == 5000)
        // Unoptimised, on a machine shared with others; optimised it takes a few milliseconds.
        #expect(worst < .milliseconds(500), "\(worst)")
    }
}
