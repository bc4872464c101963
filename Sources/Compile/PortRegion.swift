internal import Index
internal import Model

/// A set of pairs of protocol and port; ICMP and ICMPv6 have type << 8 | code in the port's place.
///
/// All but a few protocols are alike: `others` says whether they are in, whole, and `exceptions`
/// tells of each protocol that differs. Equal sets have equal values.
struct PortRegion: Hashable, Sendable {
    struct Exception: Hashable, Sendable {
        let `protocol`: UInt8
        let ports: PortIntervals
    }

    let others: Bool
    /// By protocol; none equals `others`.
    let exceptions: [Exception]

    static let all = PortRegion(others: true, [:])
    static let none = PortRegion(others: false, [:])
    /// Every port of every protocol that has ports.
    static let withPorts = ports(.full)

    init(others: Bool, _ protocols: [UInt8: PortIntervals]) {
        self.others = others
        let usual: PortIntervals = others ? .full : .none
        exceptions = protocols.filter { $0.value != usual }
            .map { Exception(protocol: $0.key, ports: $0.value) }
            .sorted { $0.protocol < $1.protocol }
    }

    static func `protocol`(_ number: IPProtocol) -> PortRegion {
        PortRegion(others: false, [number.rawValue: .full])
    }

    /// These ports of all protocols that have ports.
    static func ports(_ ports: PortIntervals) -> PortRegion {
        let protocols: [IPProtocol] = [.tcp, .udp, .sctp, .udpLite]
        return PortRegion(
            others: false,
            Dictionary(uniqueKeysWithValues: protocols.map { ($0.rawValue, ports) })
        )
    }

    static func points(_ points: some Sequence<PortPoint>) -> PortRegion {
        let byProtocol = Dictionary(grouping: points, by: \.protocol.rawValue)
        return PortRegion(
            others: false,
            byProtocol.mapValues { PortIntervals($0.map { $0.port...$0.port }) }
        )
    }

    /// The type, with any code or with one, of ICMP and of ICMPv6.
    static func icmp(_ match: ICMPMatch) -> PortRegion {
        let first = UInt16(match.type) << 8
        let range = match.code.map { first | UInt16($0) }.map { $0...$0 } ?? first...(first | 0xff)
        let intervals = PortIntervals([range])
        return PortRegion(
            others: false,
            [IPProtocol.icmp.rawValue: intervals, IPProtocol.icmpv6.rawValue: intervals]
        )
    }

    subscript(protocol: UInt8) -> PortIntervals {
        exceptions.first { $0.protocol == `protocol` }?.ports ?? (others ? .full : .none)
    }

    var isEmpty: Bool { self == .none }

    func contains(_ point: PortPoint) -> Bool {
        self[point.protocol.rawValue].contains(point.port)
    }

    var complement: PortRegion {
        PortRegion(
            others: !others,
            Dictionary(
                uniqueKeysWithValues: exceptions.map { ($0.protocol, $0.ports.complement) }
            )
        )
    }

    func intersection(_ other: PortRegion) -> PortRegion {
        if self == .all { return other }
        if other == .all { return self }
        let protocols = Set(exceptions.map(\.protocol)).union(other.exceptions.map(\.protocol))
        var common: [UInt8: PortIntervals] = [:]
        for number in protocols { common[number] = self[number].intersection(other[number]) }
        return PortRegion(others: others && other.others, common)
    }

    func union(_ other: PortRegion) -> PortRegion {
        complement.intersection(other.complement).complement
    }

    func subtracting(_ other: PortRegion) -> PortRegion {
        intersection(other.complement)
    }

    /// The same in every process.
    var stableHash: UInt64 {
        var hash = StableHash(kind: others ? 12 : 11)
        for exception in exceptions {
            hash.combine(UInt64(exception.protocol))
            for range in exception.ports.ranges {
                hash.combine(UInt64(range.lowerBound) << 16 | UInt64(range.upperBound) | 1 << 40)
            }
        }
        return hash.value
    }
}

/// One port of one protocol.
struct PortPoint: Hashable, Sendable {
    let `protocol`: IPProtocol
    let port: UInt16
}
