import BPF
package import CBPFABI

/// One row of a packet test: what the node knows, what comes in, what must become of it.
package struct PacketCase: Sendable, CustomStringConvertible {
    package let description: String
    package let place: Place
    package let packet: PacketBuilder
    package let action: Outcome.Action
    /// The counter that moves; `nil` means none.
    package var reason: cara_reason?
    /// `nil` means that the packet stays as it was.
    package var output: PacketBuilder?
    package var segmentSize: UInt32 = 0
    /// Only the first bytes of the packet arrive.
    package var cutAfter: Int?
    package var prepare: @Sendable (TestNode) throws -> Void

    private init(
        _ description: String,
        _ place: Place,
        _ packet: PacketBuilder,
        _ action: Outcome.Action,
        _ reason: cara_reason?,
        _ output: PacketBuilder?,
        _ prepare: @escaping @Sendable (TestNode) throws -> Void
    ) {
        self.description = description
        self.place = place
        self.packet = packet
        self.action = action
        self.reason = reason
        self.output = output
        self.prepare = prepare
    }

    /// The packet is dropped for `reason`.
    package static func drop(
        _ description: String,
        _ place: Place,
        _ packet: PacketBuilder,
        _ reason: cara_reason,
        _ prepare: @escaping @Sendable (TestNode) throws -> Void = { _ in }
    ) -> PacketCase {
        PacketCase(description, place, packet, .drop, reason, nil, prepare)
    }

    /// The packet goes on to the node's stack, unchanged.
    package static func pass(
        _ description: String,
        _ place: Place,
        _ packet: PacketBuilder,
        counted reason: cara_reason? = nil,
        _ prepare: @escaping @Sendable (TestNode) throws -> Void = { _ in }
    ) -> PacketCase {
        PacketCase(description, place, packet, .pass, reason, nil, prepare)
    }

    /// The packet leaves at once: to a local pod, or to the next hop.
    package static func forward(
        _ description: String,
        _ place: Place,
        _ packet: PacketBuilder,
        to pod: Pod? = nil,
        _ prepare: @escaping @Sendable (TestNode) throws -> Void = { _ in }
    ) -> PacketCase {
        let output = packet.forwarded(to: pod)
        return PacketCase(description, place, packet, .redirect, nil, output, prepare)
    }

    /// The same with some of it changed.
    package func with(_ change: (inout PacketCase) -> Void) -> PacketCase {
        var copy = self
        change(&copy)
        return copy
    }

    /// Plays the row on a node of its own and says what was not as wanted; `nil` when all was.
    package func failure() throws -> String? {
        let node = try TestNode()
        try prepare(node)
        var bytes = packet.bytes
        if let cutAfter { bytes = Array(bytes.prefix(cutAfter)) }
        let outcome = try node.run(place, bytes, segmentSize: segmentSize)
        var wanted = output?.bytes ?? bytes
        if let cutAfter { wanted = Array(wanted.prefix(cutAfter)) }
        let reasons = reason.map { [$0.rawValue] } ?? []
        if outcome.action != action || outcome.reasons != reasons {
            return "\(outcome.action) for reasons \(outcome.reasons), "
                + "wanted \(action) for \(reasons)\n\(hexDump(bytes))"
        }
        return outcome.packet == wanted ? nil : packetDifference(outcome.packet, wanted)
    }
}

extension TestNode {
    /// Plays packets that must all pass or be forwarded, to bring a connection about.
    package func play(_ steps: (Place, PacketBuilder)...) throws {
        for (index, step) in steps.enumerated() {
            let outcome = try run(step.0, step.1.bytes)
            guard outcome.action == .drop else { continue }
            throw MissingFixture(
                description: "pass for step \(index): dropped for \(outcome.reasons)"
            )
        }
    }

    /// A TCP connection of pod A to another pod on another node, handshake done.
    package func establishOutgoing() throws {
        try play(
            (.fromWorkload(.a), .fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn)),
            (.fromHost, .fromWire.ip(.podC, .podA).tcp(80, 4000, [.syn, .ack])),
            (.fromWorkload(.a), .fromPodA.ip(.podA, .podC).tcp(4000, 80))
        )
    }

    /// The same from pod A to pod B.
    package func establishLocal() throws {
        try play(
            (.fromWorkload(.a), .fromPodA.ip(.podA, .podB).tcp(4000, 80, .syn)),
            (.fromWorkload(.b), .fromPodB.ip(.podB, .podA).tcp(80, 4000, [.syn, .ack])),
            (.fromWorkload(.a), .fromPodA.ip(.podA, .podB).tcp(4000, 80))
        )
    }

    /// The same from the other node's pod to pod A.
    package func establishIncoming() throws {
        try play(
            (.fromHost, .fromWire.ip(.podC, .podA).tcp(4000, 80, .syn)),
            (.fromWorkload(.a), .fromPodA.ip(.podA, .podC).tcp(80, 4000, [.syn, .ack])),
            (.fromHost, .fromWire.ip(.podC, .podA).tcp(4000, 80))
        )
    }

    /// The same through the node's stack.
    package func establishIncomingByStack() throws {
        try play(
            (.toWorkload(.a, from: .wire), .toPodA.ip(.podC, .podA).tcp(80, 4000, .syn)),
            (.fromWorkload(.a), .fromPodA.ip(.podA, .podC).tcp(4000, 80, [.syn, .ack])),
            (.toWorkload(.a, from: .wire), .toPodA.ip(.podC, .podA).tcp(80, 4000))
        )
    }

    /// Changes an entry as it lies in the map.
    package func change(
        _ key: cara_conn_key,
        _ body: (inout cara_conn) -> Void
    ) throws {
        var entry = try unwrap(try maps.connections.get(key), "connection")
        body(&entry)
        try maps.connections.set(key, to: entry)
    }

    /// Lets an entry seem to have been idle for so long, longer than the machine is up if need be: the
    /// programs compare such times with wrap-around.
    package func age(_ key: cara_conn_key, bySeconds seconds: UInt64) throws {
        try change(key) { $0.seen &-= seconds * 1_000_000_000 }
    }
}
