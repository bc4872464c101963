package import Dataplane
package import Model
internal import Synchronization

/// Flows that this node has seen, allowed and denied: more than the connection table remembers.
///
/// Connections of one source, destination, protocol and port are one flow. Its size is bounded: where
/// there are more flows, those go that were seen longest ago.
package final class FlowRecord: Sendable {
    /// Flows at most; some 10 MB.
    package static let limit = 65_536

    /// What tells flows apart.
    package struct Key: Hashable, Sendable {
        package let source: Address
        package let destination: Address
        package let `protocol`: IPProtocol
        /// Type and code for ICMP.
        package let port: UInt16
    }

    /// What policy said at one end.
    package struct Verdict: Hashable, Sendable {
        /// `nil` where no policy was asked.
        package var rule: UInt32?
        package var pending: Pending?
    }

    /// A flow as it was seen last.
    package struct Entry: Hashable, Sendable {
        /// Nanoseconds of the monotonic clock.
        package var seen: UInt64
        package var sourcePort: UInt16
        package var isAllowed: Bool
        package var egress: Verdict
        package var ingress: Verdict

        /// What would become of it were staged policies enforced, `nil` where nothing is staged.
        ///
        /// An end without staged policies says what it says. Of a flow that one end denies, only that
        /// end was asked.
        package var pending: Bool? {
            let ends = [egress, ingress].compactMap { $0.pending?.isAllowed }
            return ends.isEmpty ? nil : !ends.contains(false)
        }
    }

    private let limit: Int
    private let entries = Mutex<[Key: Entry]>([:])

    package init(limit: Int = FlowRecord.limit) {
        self.limit = limit
    }

    /// A connection as it is now; what the node itself opened no policy was asked about.
    package func note(_ connection: Connection) {
        guard !connection.isFromNode else { return }
        let icmp = connection.icmp.map { UInt16($0.type) << 8 | UInt16($0.code ?? 0) }
        let key = Key(
            source: connection.source,
            destination: connection.destination,
            protocol: connection.protocol,
            port: connection.protocol.isICMP ? icmp ?? 0 : connection.destinationPort
        )
        note(
            key,
            Entry(
                seen: connection.seen,
                sourcePort: connection.sourcePort,
                isAllowed: true,
                egress: Verdict(rule: connection.egressRule, pending: connection.pendingEgress),
                ingress: Verdict(rule: connection.ingressRule, pending: connection.pendingIngress)
            )
        )
    }

    /// A flow that policy denies.
    package func note(_ denial: Denial) {
        let key = Key(
            source: denial.source,
            destination: denial.destination,
            protocol: denial.protocol,
            port: denial.port
        )
        let verdict = Verdict(rule: denial.rule, pending: denial.pending)
        let isIngress = denial.direction == .ingress
        let entry = Entry(
            seen: denial.seen,
            sourcePort: denial.sourcePort,
            isAllowed: false,
            egress: isIngress ? Verdict() : verdict,
            ingress: isIngress ? verdict : Verdict()
        )
        note(key, entry)
    }

    private func note(_ key: Key, _ entry: Entry) {
        entries.withLock { entries in
            guard entries[key]?.seen ?? 0 <= entry.seen else { return }
            entries[key] = entry
            if entries.count > limit { Self.forgetOldest(&entries, limit) }
        }
    }

    /// Makes room for a while, so that it need not be looked for again at once.
    private static func forgetOldest(_ entries: inout [Key: Entry], _ limit: Int) {
        let surplus = entries.count - limit + limit / 8
        let oldest = entries.sorted { $0.value.seen < $1.value.seen }.prefix(surplus)
        for (key, _) in oldest { entries[key] = nil }
    }

    /// Flows seen since then, the latest first.
    package func flows(since: UInt64) -> [(key: Key, entry: Entry)] {
        entries.withLock { entries in
            entries.filter { $0.value.seen >= since }.map { (key: $0.key, entry: $0.value) }
        }.sorted { $0.entry.seen > $1.entry.seen }
    }
}
