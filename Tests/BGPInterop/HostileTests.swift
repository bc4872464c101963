import BGPMessage
import BGPSession
import BGPSpeaker
import CLinux
import Glibc
import Linux
import Model
import Support
import Testing

/// A peer that does not mean well: a bare connection from 10.99.0.3 in the peer's namespace.
private final class Attacker: Sendable {
    private let socket: Descriptor

    init(_ lab: Lab) throws {
        let namespace = try NetworkNamespace.open(named: lab.peer)
        let raw = try namespace.run {
            try call("socket") {
                Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            }
        }
        socket = Descriptor(owning: raw)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = try Self.with("10.99.0.3", 0) { address in
            try call("bind") { bind(raw, address, size) }
        }
        _ = try Self.with("10.99.0.2", 179) { address in
            try call("connect") { Glibc.connect(raw, address, size) }
        }
    }

    private static func with<R>(
        _ text: String,
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>) throws -> R
    ) throws -> R {
        let address = linux_ipv4(Setting.address(text).familyBytes, port)
        return try withUnsafePointer(to: address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0) }
        }
    }

    /// As much as the socket takes; false when it is closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        socket.withRaw { Glibc.send($0, bytes, bytes.count, Int32(MSG_NOSIGNAL)) } > 0
    }

    /// Until the session is up on this side.
    func open() throws {
        let open = OpenMessage(
            autonomousSystem: 65003,
            holdTime: 90,
            identifier: 3,
            capabilities: [.multiprotocol(.ipv4Unicast), .fourOctetAS(65003)]
        )
        send(Message.open(open).encoded(MessageContext()))
        send(Message.keepalive.encoded(MessageContext()))
    }
}

extension Interop {
    @Suite struct Hostile {
        /// BIRD, our speaker with both peers, and the good session up.
        private func scene(_ lab: Lab) async throws -> (Bird, Ours) {
            try lab.inPeer(["ip", "address", "add", "10.99.0.3/24", "dev", "eth0"])
            let bird = try Bird(lab, peerAS: 65002)
            let ours = try Ours(in: lab.us)
            let bad = Setting.peer(as: 65002, Setting.address("10.99.0.3")) {
                $0.session.peerAS = 65003
                $0.session.isPassive = true
                $0.session.idleHoldTime = 1...1
                $0.session.families = [SessionFamily(.ipv4Unicast)]
                $0.session.families[0].maximumPrefixes = 10_000
            }
            await ours.speaker.configure(
                Setting.configuration(
                    as: 65002,
                    peers: ["peer": Setting.peer(as: 65002), "bad": bad]
                )
            )
            try await eventually(within: .seconds(20), Setting.ourRoutes) { try bird.learnt() }
            return (bird, ours)
        }

        private func expectUnharmed(_ bird: Bird, _ ours: Ours) async throws {
            #expect(await ours.state() == .established)
            #expect(await ours.speaker.status(of: PeerName("peer"))?.establishedCount == 1)
            #expect(try bird.learnt().isSuperset(of: Setting.ourRoutes))
        }

        @Test func `garbage ends the connection that it came by`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await scene(lab)
            let attacker = try Attacker(lab)
            attacker.send([UInt8](repeating: 0x55, count: 4096))
            try await eventually(within: .seconds(10), true) {
                let end = await ours.speaker.status(of: PeerName("bad"))?.lastEnd
                return end?.sent?.code == 1
            }
            try await expectUnharmed(bird, ours)
        }

        @Test func `a length beyond the limit is refused at once`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await scene(lab)
            let attacker = try Attacker(lab)
            try attacker.open()
            try await eventually(within: .seconds(10), .established) {
                await ours.state(of: "bad")
            }
            attacker.send([UInt8](repeating: 0xff, count: 16) + [0xff, 0xff, 2])
            try await eventually(within: .seconds(10), true) {
                let end = await ours.speaker.status(of: PeerName("bad"))?.lastEnd
                return end?.sent?.error == .header(.badMessageLength)
            }
            try await expectUnharmed(bird, ours)
        }

        @Test func `too many prefixes end the session that they came by`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await scene(lab)
            let attacker = try Attacker(lab)
            try attacker.open()
            try await eventually(within: .seconds(10), .established) {
                await ours.state(of: "bad")
            }
            let attributes = PathAttributes(
                asPath: ASPath(sequence: [65003]),
                nextHop: NextHop(Setting.address("10.99.0.3"))
            )
            for first in stride(from: 0, to: 20_000, by: 500) {
                let nlri = (first..<(first + 500)).compactMap { number in
                    Prefix(Address(v4: UInt32(0x3000_0000 + number << 8)), length: 24)
                        .map { NLRI($0) }
                }
                let update = UpdateMessage(attributes: attributes, nlri: nlri)
                attacker.send(Message.update(update).encoded(MessageContext()))
            }
            try await eventually(within: .seconds(20), true) {
                let end = await ours.speaker.status(of: PeerName("bad"))?.lastEnd
                return end?.sent?.error == .cease(.maximumPrefixesReached)
            }
            try await expectUnharmed(bird, ours)
        }

        @Test func `a flood of connections takes no session down`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await scene(lab)
            for _ in 0..<300 {
                if let attacker = try? Attacker(lab) { attacker.send([1, 2, 3]) }
            }
            try await expectUnharmed(bird, ours)
        }
    }
}
