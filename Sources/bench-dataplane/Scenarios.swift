import BPFSupport
import Model

extension Scenario {
    /// Everything that is measured on an established connection.
    static func established(_ topology: Topology) -> [Scenario] {
        [64, 1400].flatMap { size in
            [
                leaving(size, topology, .podA, .podC, theirs: 250, bar: 140),
                leaving(size, topology, .podA6, .podC6, theirs: 250, bar: 140),
                local(size, topology),
                arriving(size, topology, .podC, .podA, theirs: 190, bar: 75),
                arriving(size, topology, .podC6, .podA6, theirs: 190, bar: 75),
                fromStack(size, topology),
            ]
        }
    }

    private static func leaving(
        _ size: Int,
        _ topology: Topology,
        _ pod: Address,
        _ remote: Address,
        theirs: Double,
        bar: Double
    ) -> Scenario {
        let frame = PacketBuilder.ethernet(from: topology.podA.peerMAC, to: topology.podA.mac)
        let reply = PacketBuilder.ethernet(from: topology.eth0.peerMAC, to: topology.eth0.mac)
        return Scenario(
            name: "leaving a pod, \(pod.family), \(size) bytes",
            place: .fromWorkload(.a),
            packet: frame.ip(pod, remote) { $0.hops = 255 }.tcp(4000, 80).filled(to: size),
            theirs: theirs,
            bar: bar,
            opening: [
                (.fromWorkload(.a), frame.ip(pod, remote).tcp(4000, 80, .syn)),
                (.fromHost, reply.ip(remote, pod).tcp(80, 4000, [.syn, .ack])),
                (.fromWorkload(.a), frame.ip(pod, remote).tcp(4000, 80)),
            ]
        )
    }

    private static func local(_ size: Int, _ topology: Topology) -> Scenario {
        let frame = PacketBuilder.ethernet(from: topology.podA.peerMAC, to: topology.podA.mac)
        let reply = PacketBuilder.ethernet(from: topology.podB.peerMAC, to: topology.podB.mac)
        return Scenario(
            name: "pod to pod on one node, v4, \(size) bytes",
            place: .fromWorkload(.a),
            packet: frame.ip(.podA, .podB) { $0.hops = 255 }.tcp(4000, 80).filled(to: size),
            theirs: 250,
            bar: 140,
            opening: [
                (.fromWorkload(.a), frame.ip(.podA, .podB).tcp(4000, 80, .syn)),
                (.fromWorkload(.b), reply.ip(.podB, .podA).tcp(80, 4000, [.syn, .ack])),
                (.fromWorkload(.a), frame.ip(.podA, .podB).tcp(4000, 80)),
            ]
        )
    }

    private static func arriving(
        _ size: Int,
        _ topology: Topology,
        _ remote: Address,
        _ pod: Address,
        theirs: Double,
        bar: Double
    ) -> Scenario {
        let frame = PacketBuilder.ethernet(from: topology.eth0.peerMAC, to: topology.eth0.mac)
        let reply = PacketBuilder.ethernet(from: topology.podA.peerMAC, to: topology.podA.mac)
        return Scenario(
            name: "arriving at a node, \(pod.family), \(size) bytes",
            place: .fromHost,
            packet: frame.ip(remote, pod) { $0.hops = 255 }.tcp(4000, 80).filled(to: size),
            theirs: theirs,
            bar: bar,
            opening: [
                (.fromHost, frame.ip(remote, pod).tcp(4000, 80, .syn)),
                (.fromWorkload(.a), reply.ip(pod, remote).tcp(80, 4000, [.syn, .ack])),
                (.fromHost, frame.ip(remote, pod).tcp(4000, 80)),
            ]
        )
    }

    private static func fromStack(_ size: Int, _ topology: Topology) -> Scenario {
        let frame = PacketBuilder.ethernet(from: topology.podA.mac, to: topology.podA.peerMAC)
        let reply = PacketBuilder.ethernet(from: topology.podA.peerMAC, to: topology.podA.mac)
        let place = Place.toWorkload(.a, from: .node)
        return Scenario(
            name: "node to its pod, v4, \(size) bytes",
            place: place,
            packet: frame.ip(.node, .podA).tcp(4000, 80).filled(to: size),
            theirs: 190,
            bar: 75,
            opening: [
                (place, frame.ip(.node, .podA).tcp(4000, 80, .syn)),
                (.fromWorkload(.a), reply.ip(.podA, .node).tcp(80, 4000, [.syn, .ack])),
                (place, frame.ip(.node, .podA).tcp(4000, 80)),
            ]
        )
    }
}

extension PacketBuilder {
    /// Payload up to a frame of `size` bytes; one that is longer already stays.
    fileprivate func filled(to size: Int) -> PacketBuilder {
        payload(count: max(0, size - bytes.count))
    }
}
