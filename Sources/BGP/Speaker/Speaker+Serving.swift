import BGPMessage
import BGPRIB
import BGPSession
import NIOCore

// Decisions and what peers are told, in slices.

/// How long the loop may be busy with routes before it looks at sockets and timers again.
private let slice = TimeAmount.milliseconds(2)
/// Prefixes decided about between two looks at the clock.
private let settleLimit = 2048
/// Bytes for one peer between two looks at the clock.
private let tellBudget = 32 << 10

extension Speaker {
    /// Has decisions made and peers told, once what is at hand is done.
    func serveSoon() {
        guard !isServing else { return }
        isServing = true
        loop.execute { self.assumeIsolated { $0.serve() } }
    }

    /// A socket has taken what it had been given.
    func becameWritable(_ id: ConnectionID) {
        serveSoon()
    }

    /// Does one slice; what is left is for the next one, after a look at sockets and timers.
    ///
    /// A task that is ready at once would be run before that.
    private func serve() {
        let end = NIODeadline.now() + slice
        var isDone = false
        while NIODeadline.now() < end {
            if rib.needsSettling {
                take(rib.settle(limit: settleLimit))
            } else if !tellNext() {
                isDone = true
                break
            }
        }
        isServing = !isDone
        guard !isDone else { return rib.tidy() }
        loop.scheduleTask(in: .microseconds(1)) { self.assumeIsolated { $0.serve() } }
    }

    /// Tells the next peer whose turn it is and that can take something; false if there is none.
    private func tellNext() -> Bool {
        for _ in 0..<served.count {
            nextServed = nextServed + 1 < served.count ? nextServed + 1 : 0
            if tell(served[nextServed]) { return true }
        }
        return false
    }

    private func tell(_ name: PeerName) -> Bool {
        guard let peer = peers[name], rib.hasPending(peer.id), let side = peer.session.established,
            let id = peer.connections[side], let connection = connections[id],
            let channel = connection.channel, channel.isWritable
        else { return false }
        let bytes = rib.tell(peer.id, budget: tellBudget)
        guard !bytes.isEmpty else { return false }
        write(ByteBuffer(bytes: bytes), messages: Self.count(bytes), to: connection, channel)
        return true
    }

    /// How many whole messages these are.
    private static func count(_ bytes: [UInt8]) -> Int {
        var (place, count) = (0, 0)
        while place + MessageHeader.size <= bytes.count {
            place += max(MessageHeader.size, Int(bytes[place + 16]) << 8 | Int(bytes[place + 17]))
            count += 1
        }
        return count
    }
}
