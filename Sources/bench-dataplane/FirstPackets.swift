import BPF
import BPFSupport
import CBPFABI
import Model

/// What the first packet of a connection costs: policy by tables, routing, the new entry.
///
/// Each packet is a run of its own between system calls, so that caches are colder than on a busy node.
struct FirstPackets {
    let name: String
    let place: Place
    let packet: (UInt16) -> PacketBuilder
    let bar = 1000.0
    /// What the sending pod's egress is judged by; the tables are there.
    private var program: UInt32 = 16

    private static let count = 1000

    static func all(_ topology: Topology) -> [FirstPackets] {
        let pod = PacketBuilder.ethernet(from: topology.podA.peerMAC, to: topology.podA.mac)
        let wire = PacketBuilder.ethernet(from: topology.eth0.peerMAC, to: topology.eth0.mac)
        return [
            FirstPackets(name: "first packet leaving a pod, v4", place: .fromWorkload(.a)) {
                pod.ip(.podA, .podC).tcp($0, 80, .syn)
            },
            FirstPackets(name: "first packet pod to pod, v4", place: .fromWorkload(.a)) {
                pod.ip(.podA, .podB).tcp($0, 80, .syn)
            },
            FirstPackets(name: "first packet arriving, v4", place: .fromHost) {
                wire.ip(.podC, .podA).tcp($0, 80, .syn)
            },
            bitmaps("10,000 rules as bitmaps", BenchBitmaps.usual, pod, to: 81),
            bitmaps("10,000 rules as bitmaps, worst", BenchBitmaps.worst, pod, to: 82),
        ]
    }

    private static func bitmaps(
        _ name: String,
        _ program: UInt32,
        _ pod: PacketBuilder,
        to port: UInt16
    ) -> FirstPackets {
        // Another port for each, or the flow would be known from the rows before.
        var first = FirstPackets(
            name: "first packet leaving a pod, v4, \(name)",
            place: .fromWorkload(.a)
        ) {
            pod.ip(.podA, .podC).tcp($0, port, .syn)
        }
        first.program = program
        return first
    }

    private init(name: String, place: Place, _ packet: @escaping (UInt16) -> PacketBuilder) {
        self.name = name
        self.place = place
        self.packet = packet
    }

    /// One sample: the median of new flows that each begin with one packet.
    func sample(_ node: TestNode, round: Int) throws -> Double {
        try node.setPolicy(of: .a, ingress: 16, egress: program)
        let ports = (0..<Self.count).map { UInt16(1024 + round * Self.count + $0) }
        return median(
            try ports.map { port in
                try node.measure(place, packet(port).bytes, repeating: 1, runs: 1)
            }
        )
    }

    func sampleEmpty(_ node: TestNode) throws -> Double {
        let bytes = packet(1).bytes
        return median(
            try (0..<Self.count).map { _ in
                try node.measureEmpty(bytes, repeating: 1, runs: 1)
            }
        )
    }

    /// Tables of a size that clusters have, so that no look-up is of an empty map.
    static func fillTables(_ node: TestNode) throws {
        let remotes: [Address] = [.podA, .podB, .podC, .outside]
        let rules = remotes.map { TestPolicy.Rule.allow(6, port: 80, from: $0) }
        try TestPolicy(id: 16, rules).install(in: node.maps)
        for number in 0..<UInt32(20000) {
            let address = Address(v4: 0x0b00_0000 + number)
            let key = cara_class_key(prefixlen: UInt32(CARA_ADDR_BITS), addr: address.key)
            try node.maps.classes.set(key, to: 100 + number % 5000)
        }
        for number in 0..<UInt32(15000) {
            let key = cara_verdict_key(
                program: 17,
                group: number,
                port_group: number % 7,
                sport_group: 0
            )
            try node.maps.verdicts.set(key, to: cara_verdict())
        }
        try BenchBitmaps.install(in: node.maps)
        try node.setPolicy(of: .a, ingress: 16, egress: 16)
        try node.setPolicy(of: .b, ingress: 16, egress: 16)
    }
}
