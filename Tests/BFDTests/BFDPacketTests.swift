import BFD
import Support
import Testing

private let example = BFDPacket(
    state: .up,
    diagnostic: .neighborSignaledDown,
    detectMultiplier: 3,
    myDiscriminator: 0x0102_0304,
    yourDiscriminator: 0x0506_0708,
    desiredMinTransmit: 300_000,
    requiredMinReceive: 1_000_000
)

private let exampleBytes: [UInt8] = [
    0x23, 0xc0, 3, 24, 1, 2, 3, 4, 5, 6, 7, 8,
    0x00, 0x04, 0x93, 0xe0, 0x00, 0x0f, 0x42, 0x40, 0, 0, 0, 0,
]

private struct Refused: CustomTestStringConvertible {
    let testDescription: String
    let patch: [Int: UInt8]
    let why: BFDDiscard
}

private let refused = [
    Refused(testDescription: "version 0", patch: [0: 0x03], why: .version(0)),
    Refused(testDescription: "version 2", patch: [0: 0x43], why: .version(2)),
    Refused(testDescription: "length 23", patch: [3: 23], why: .length(23)),
    Refused(testDescription: "length beyond payload", patch: [3: 25], why: .length(25)),
    Refused(testDescription: "authenticated, length 24", patch: [1: 0xc4], why: .length(24)),
    Refused(testDescription: "multiplier 0", patch: [2: 0], why: .zeroDetectMultiplier),
    Refused(testDescription: "multipoint", patch: [1: 0xc1], why: .multipoint),
    Refused(
        testDescription: "no discriminator of its own",
        patch: [4: 0, 5: 0, 6: 0, 7: 0],
        why: .zeroMyDiscriminator
    ),
    Refused(
        testDescription: "up without knowing us",
        patch: [8: 0, 9: 0, 10: 0, 11: 0],
        why: .zeroYourDiscriminator(.up)
    ),
    Refused(
        testDescription: "initializing without knowing us",
        patch: [1: 0x80, 8: 0, 9: 0, 10: 0, 11: 0],
        why: .zeroYourDiscriminator(.initializing)
    ),
]

@Suite struct BFDPacketTests {
    @Test func `a packet is written as RFC 5880 draws it`() throws {
        #expect(example.bytes == exampleBytes)
        #expect(try BFDPacket(exampleBytes) == example)
    }

    @Test func `each flag survives the wire`() throws {
        let flags: [WritableKeyPath<BFDPacket, Bool>] = [
            \.isPoll, \.isFinal, \.isControlPlaneIndependent, \.isDemand,
        ]
        for flag in flags {
            var packet = example
            packet[keyPath: flag] = true
            #expect(try BFDPacket(packet.bytes) == packet)
        }
    }

    @Test func `each prefix of a packet is truncated`() {
        for count in 0..<exampleBytes.count {
            #expect(throws: BFDDiscard.truncated) {
                _ = try BFDPacket(Array(exampleBytes[..<count]))
            }
        }
    }

    @Test(arguments: refused)
    private func `what section 6.8.6 discards is discarded`(row: Refused) {
        var bytes = exampleBytes
        for (index, byte) in row.patch { bytes[index] = byte }
        #expect(throws: row.why) { _ = try BFDPacket(bytes) }
    }

    @Test func `an authenticated packet is not for sessions without authentication`() {
        var bytes = exampleBytes
        bytes[1] |= 0x04
        bytes[3] = 26
        #expect(throws: BFDDiscard.authentication) { _ = try BFDPacket(bytes + [1, 2]) }
    }

    @Test func `down may ignore us, and bytes behind the packet are passed over`() throws {
        var bytes = exampleBytes
        bytes[1] = 0x40
        bytes.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        #expect(try BFDPacket(bytes + [9, 9]).state == .down)
    }

    @Test func `random bytes never trap`() {
        var random = SeededRandom(seed: 5880)
        for _ in 0..<10_000 {
            let count = Int.random(in: 0...40, using: &random)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if count > 3 { bytes[0] = 0x20 | bytes[0] & 0x1f }
            guard let packet = try? BFDPacket(bytes) else { continue }
            #expect(packet.detectMultiplier != 0 && packet.myDiscriminator != 0)
        }
    }

    @Test func `a path says which TTL its packets must show`() {
        #expect(BFDPath.singleHop.minimumTTL == 255)
        #expect(BFDPath.multihop(hops: 3).minimumTTL == 252)
        #expect(BFDPath.multihop(hops: 255).minimumTTL == 1)
        #expect(BFDPath.singleHop.port == 3784)
        #expect(BFDPath.multihop(hops: 1).port == 4784)
    }
}
