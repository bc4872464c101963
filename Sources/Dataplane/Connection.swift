package import CBPFABI
package import Model

/// A connection that the programs know, seen from the end that opened it.
package struct Connection: Hashable, Sendable {
    /// How far a connection is; decides how long it may be silent.
    package enum State: String, Hashable, Sendable {
        case opening
        case established
        case closing
        case reset
        /// A protocol without connections.
        case none
    }

    /// What went one way.
    package struct Traffic: Hashable, Sendable {
        package var packets: UInt64
        /// Whole frames, Ethernet header included.
        package var bytes: UInt64
    }

    package var source: Address
    package var destination: Address
    package var `protocol`: IPProtocol
    /// 0 for protocols without ports, the identifier for ICMP echo.
    package var sourcePort: UInt16
    package var destinationPort: UInt16
    /// Type and code of the question, for ICMP.
    package var icmp: ICMPMatch?
    package var state: State
    /// The node opened it itself, and no policy was asked.
    package var isFromNode: Bool
    /// Nanoseconds of the monotonic clock.
    package var created: UInt64
    package var seen: UInt64
    package var sent: Traffic
    package var received: Traffic
    /// The rules that allowed it, `nil` where no policy was asked.
    package var egressRule: UInt32?
    package var ingressRule: UInt32?
    /// What would have become of it were staged policies enforced, `nil` where nothing is staged.
    package var pendingEgress: Pending?
    package var pendingIngress: Pending?

    package init(_ key: cara_conn_key, _ value: cara_conn) {
        let isFromA = value.has(CARA_CONN_FROM_A)
        let (a, b) = (Address(key.a), Address(key.b))
        let (aPort, bPort) = (UInt16(bigEndian: key.aport), UInt16(bigEndian: key.bport))
        let fromA = Traffic(packets: value.leg.0.packets, bytes: value.leg.0.bytes)
        let fromB = Traffic(packets: value.leg.1.packets, bytes: value.leg.1.bytes)
        source = isFromA ? a : b
        destination = isFromA ? b : a
        `protocol` = IPProtocol(rawValue: key.proto)
        sourcePort = isFromA ? aPort : bPort
        destinationPort = isFromA ? bPort : aPort
        icmp = `protocol`.isICMP ? ICMPMatch(abi: value.icmp) : nil
        state = value.state(of: IPProtocol(rawValue: key.proto))
        isFromNode = value.has(CARA_CONN_FROM_HOST)
        created = value.created
        seen = value.seen
        sent = isFromA ? fromA : fromB
        received = isFromA ? fromB : fromA
        egressRule = value.egress_rule == 0 ? nil : value.egress_rule
        ingressRule = value.ingress_rule == 0 ? nil : value.ingress_rule
        pendingEgress = Pending(value.pending_egress, rule: value.pending_egress_rule)
        pendingIngress = Pending(value.pending_ingress, rule: value.pending_ingress_rule)
    }
}

extension ICMPMatch {
    /// Reads htons(type << 8 | code).
    init(abi: UInt16) {
        let both = UInt16(bigEndian: abi)
        self.init(type: UInt8(both >> 8), code: UInt8(both & 0xff))
    }
}

extension cara_conn {
    func has(_ flags: cara_conn_flag...) -> Bool {
        flags.allSatisfy { self.flags & $0.rawValue != 0 }
    }

    func state(of protocol: IPProtocol) -> Connection.State {
        guard `protocol` == .tcp else { return .none }
        if has(CARA_CONN_RST) { return .reset }
        if has(CARA_CONN_FIN_A, CARA_CONN_FIN_B) { return .closing }
        return has(CARA_CONN_ACK_A, CARA_CONN_ACK_B) ? .established : .opening
    }

    /// How long it may be silent, in nanoseconds.
    func timeout(of protocol: IPProtocol) -> UInt64 {
        let timeout =
            switch state(of: `protocol`) {
            case .opening: CARA_TIMEOUT_TCP_SYN
            case .established: CARA_TIMEOUT_TCP_ESTABLISHED
            case .closing: CARA_TIMEOUT_TCP_FINS
            case .reset: CARA_TIMEOUT_TCP_RESET
            case .none where `protocol` == .udp: CARA_TIMEOUT_UDP
            case .none where `protocol`.isICMP: CARA_TIMEOUT_ICMP
            case .none: CARA_TIMEOUT_GENERIC
            }
        return UInt64(timeout.rawValue) * 1_000_000_000
    }

    /// Whether the programs have no more use for the entry.
    ///
    /// `seen` is rounded down, and a packet may move it while we look: the grain is added, so that
    /// nothing goes that a program might still honour. `now` is of the monotonic clock.
    func isExpired(_ protocol: IPProtocol, now: UInt64) -> Bool {
        now > seen && now - seen > timeout(of: `protocol`) + UInt64(CARA_SEEN_GRAIN)
    }
}

/// What a sweep of the connections found.
package struct SweepReport: Hashable, Sendable {
    package var seen = 0
    package var removed = 0
}
