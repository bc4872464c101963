internal import Dataplane
internal import IPAM
internal import Model
internal import Synchronization

/// One dropped packet, with the names that its ends had when it was dropped.
struct DropRecord: Hashable, Sendable {
    /// Counts up from 1, without gaps, for as long as the agent runs.
    var number: UInt64 = 0
    let time: Timestamp
    let event: PacketEvent
    /// `nil` for an address that nothing in the cluster has.
    let source: String?
    let destination: String?
    /// Policies of the tier at whose end the packet was dropped: none of their rules matched.
    let policies: [PolicyID]
}

/// The last drops; who asks again is given what is new.
final class DropLog: Sendable {
    private struct State {
        var records: [DropRecord] = []
        var next: UInt64 = 1
    }

    /// What is kept: a minute of a flood, days of an ordinary node.
    private static let capacity = 2000
    private let state = Mutex(State())

    func append(_ record: DropRecord) {
        state.withLock { state in
            var record = record
            record.number = state.next
            state.next += 1
            // Twice the room, so that not every record moves all others.
            if state.records.count >= 2 * Self.capacity {
                state.records.removeFirst(state.records.count - Self.capacity + 1)
            }
            state.records.append(record)
        }
    }

    /// What there is after a number.
    struct News {
        /// The last of them, as many as were asked for.
        let records: [DropRecord]
        /// How many more there were.
        let missed: UInt64
        /// Where to go on.
        let last: UInt64
    }

    func news(after number: UInt64, limit: Int) -> News {
        state.withLock { state in
            // Of a number that an agent before us gave, all is new.
            let start = number < state.next ? number : 0
            let fresh = state.records.suffix(Self.capacity).filter { $0.number > start }
            let kept = Array(fresh.suffix(limit))
            let total = state.next - 1 - start
            return News(
                records: kept,
                missed: total - UInt64(kept.count),
                last: state.next - 1
            )
        }
    }
}
