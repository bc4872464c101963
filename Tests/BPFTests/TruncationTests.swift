import BPF
import BPFSupport
import CBPFABI
import Testing

extension Packets {
    /// A packet that is cut off anywhere in its headers is dropped as malformed, wherever it is met.
    @Suite
    struct Truncation {
        struct Shape: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let v4: Bool
            /// Builds the packet on an IP header.
            let above: @Sendable (PacketBuilder) -> PacketBuilder
            /// Bytes from the frame's start that must be there.
            let headers: Int
        }

        static let shapes: [Shape] = [
            Shape(testDescription: "TCP", v4: true, above: { $0.tcp(1, 2, .syn) }, headers: 54),
            Shape(
                testDescription: "TCP with options",
                v4: true,
                above: { $0.tcp(1, 2, .syn) { $0.options = .init(repeating: 1, count: 12) } },
                headers: 66
            ),
            Shape(testDescription: "UDP", v4: true, above: { $0.udp(1, 2) }, headers: 42),
            Shape(testDescription: "SCTP", v4: true, above: { $0.sctp(1, 2) }, headers: 46),
            Shape(
                testDescription: "ICMP",
                v4: true,
                above: { $0.icmp(8, identifier: 1) },
                headers: 42
            ),
            Shape(
                testDescription: "TCP over IPv6",
                v4: false,
                above: { $0.tcp(1, 2, .syn) },
                headers: 74
            ),
            Shape(
                testDescription: "UDP over IPv6",
                v4: false,
                above: { $0.udp(1, 2) },
                headers: 62
            ),
            Shape(
                testDescription: "SCTP over IPv6",
                v4: false,
                above: { $0.sctp(1, 2) },
                headers: 66
            ),
            Shape(
                testDescription: "ICMPv6",
                v4: false,
                above: { $0.icmp(128, identifier: 1) },
                headers: 62
            ),
            Shape(
                testDescription: "extension headers",
                v4: false,
                above: {
                    $0.headers(.hopByHop).headers(.routing(type: 4, segmentsLeft: 0))
                        .headers(.authentication(words: 3)).headers(.destinationOptions)
                        .headers(.fragment(offset: 0, more: false, identification: 1)).udp(1, 2)
                },
                headers: 54 + 8 + 8 + 24 + 8 + 8 + 8
            ),
        ]

        /// The claimed lengths stay, so that the frame is shorter than they say.
        @Test("the frame ends too early", arguments: shapes)
        func frame(_ shape: Shape) throws {
            let node = try TestNode()
            for (place, bytes) in Self.packets(of: shape) {
                for length in 15..<shape.headers {
                    try expectMalformed(node, place, Array(bytes.prefix(length)))
                }
                let whole = try node.run(place, bytes)
                #expect(whole.action != .drop, "\(place), whole: \(whole.reasons)")
            }
        }

        /// The IP header owns up to the cut: what follows in the frame is padding.
        @Test("the packet ends too early, the frame does not", arguments: shapes)
        func padded(_ shape: Shape) throws {
            let node = try TestNode()
            let ip = shape.v4 ? 34 : 54
            for (place, bytes) in Self.packets(of: shape) {
                for length in ip..<shape.headers {
                    var cut = bytes
                    let claimed = UInt16(shape.v4 ? length - 14 : length - 54)
                    cut.replaceSubrange(
                        (shape.v4 ? 16 : 18)..<(shape.v4 ? 18 : 20),
                        with: claimed.networkBytes
                    )
                    try expectMalformed(node, place, cut)
                }
            }
        }

        private static func packets(of shape: Shape) -> [(Place, [UInt8])] {
            let out = PacketBuilder.fromPodA
            let back = PacketBuilder.fromWire
            let forwarded = PacketBuilder.toPodA
            return [
                (.fromWorkload(.a), shape.v4 ? out.ip(.podA, .podC) : out.ip(.podA6, .podC6)),
                (.fromHost, shape.v4 ? back.ip(.podC, .podA) : back.ip(.podC6, .podA6)),
                (
                    .toWorkload(.a, from: .wire),
                    shape.v4 ? forwarded.ip(.outside, .podA) : forwarded.ip(.outside6, .podA6)
                ),
            ].map { ($0, shape.above($1).bytes) }
        }

        private func expectMalformed(_ node: TestNode, _ place: Place, _ bytes: [UInt8]) throws {
            let outcome: Outcome
            do {
                outcome = try node.run(place, bytes)
            } catch let error as BPFError where error.operation == "run program" {
                // Some kernels refuse to test-run a frame without a whole IP header.
                #expect(bytes.count < 54, "\(error)")
                return
            }
            #expect(
                outcome.action == .drop && outcome.reasons == [CARA_DROP_MALFORMED.rawValue],
                "\(place): \(outcome.action) \(outcome.reasons)\n\(hexDump(bytes))"
            )
        }
    }
}
