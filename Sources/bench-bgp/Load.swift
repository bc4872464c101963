import BGPMessage
import Model

/// What routes look like: sets of attributes that some ten prefixes share, paths of two to seven
/// ASes, communities on half of them.
///
/// Prefix number n is the n-th /24 from 1.0.0.0 on.
struct Load {
    /// The first three octets of prefix number 0.
    static let firstNetwork = 0x01_0000

    var nextHop: Address
    /// First in every path; `nil` for routes of the receiver's own AS.
    var autonomousSystem: UInt32?
    var perUpdate = 10
    private var state: UInt64 = 0x5eed

    init(nextHop: Address, autonomousSystem: UInt32?) {
        self.nextHop = nextHop
        self.autonomousSystem = autonomousSystem
    }

    /// Whole UPDATEs for some prefixes; the same calls give the same bytes.
    mutating func updates(_ numbers: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * 14)
        var start = numbers.lowerBound
        while start < numbers.upperBound {
            let end = min(start + perUpdate, numbers.upperBound)
            let update = UpdateMessage(
                attributes: attributes(),
                nlri: (start..<end).compactMap { Self.prefix($0).map { NLRI($0) } }
            )
            bytes += Message.update(update).encoded(MessageContext())
            start = end
        }
        return bytes
    }

    /// One UPDATE, or several, that withdraw prefixes.
    static func withdrawals(_ numbers: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 500) {
            let part = start..<min(start + 500, numbers.upperBound)
            let update = UpdateMessage(withdrawn: part.compactMap { prefix($0).map { NLRI($0) } })
            bytes += Message.update(update).encoded(MessageContext())
        }
        return bytes
    }

    static var endOfRIB: [UInt8] {
        Message.update(UpdateMessage(endOfRIB: .ipv4Unicast)).encoded(MessageContext())
    }

    private static func prefix(_ number: Int) -> Prefix? {
        Prefix(Address(v4: UInt32((firstNetwork + number) << 8)), length: 24)
    }

    private mutating func attributes() -> PathAttributes {
        let path = (0..<(1 + random(6))).map { _ in UInt32(1000 + random(60_000)) }
        var attributes = PathAttributes(
            asPath: ASPath(sequence: (autonomousSystem.map { [$0] } ?? []) + path),
            nextHop: NextHop(nextHop),
            localPreference: autonomousSystem == nil ? 100 : nil
        )
        if random(2) == 0 {
            for _ in 0...random(3) {
                attributes.add(Community(UInt16(1000 + random(60_000)), UInt16(random(1000))))
            }
        }
        return attributes
    }

    private mutating func random(_ bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }
}
