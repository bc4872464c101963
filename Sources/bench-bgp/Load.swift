import BGPMessage
import Model

/// What a full table looks like: sets of attributes that some ten prefixes share, paths of two to
/// seven ASes, communities on half of them.
enum Load {
    /// Whole UPDATEs for `routes` different /24 prefixes, then End-of-RIB.
    static func updates(
        routes: Int,
        perUpdate: Int,
        nextHop: Address,
        autonomousSystem: UInt32
    ) -> [UInt8] {
        var state: UInt64 = 0x5eed
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(routes * 14)
        var route = 0
        while route < routes {
            let count = min(routes - route, perUpdate)
            let path = (0..<(1 + random(6))).map { _ in UInt32(1000 + random(60_000)) }
            var attributes = PathAttributes(
                asPath: ASPath(sequence: [autonomousSystem] + path),
                nextHop: NextHop(nextHop)
            )
            if random(2) == 0 {
                for _ in 0...random(3) {
                    attributes.add(
                        Community(UInt16(1000 + random(60_000)), UInt16(random(1000)))
                    )
                }
            }
            let nlri = (route..<(route + count)).compactMap { number in
                Prefix(Address(v4: UInt32(0x0100_0000 + number << 8)), length: 24).map { NLRI($0) }
            }
            let update = UpdateMessage(attributes: attributes, nlri: nlri)
            bytes += Message.update(update).encoded(MessageContext())
            route += count
        }
        let end = UpdateMessage(endOfRIB: .ipv4Unicast)
        return bytes + Message.update(end).encoded(MessageContext())
    }
}
