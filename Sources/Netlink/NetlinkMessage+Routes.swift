import CLinux
import Model

extension NetlinkMessage {
    /// `EEXIST` when there is a route to the destination with the same priority.
    package static func addRoute(_ route: Route) -> NetlinkMessage {
        Self.route("add route", route, type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Takes the place of a route to the same destination with the same priority.
    package static func replaceRoute(_ route: Route) -> NetlinkMessage {
        Self.route("replace route", route, type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// `ESRCH` when there is no such route.
    package static func deleteRoute(_ route: Route) -> NetlinkMessage {
        Self.route("delete route", route, type: RTM_DELROUTE)
    }

    private static func route(
        _ verb: String,
        _ route: Route,
        type: Int,
        flags: Int32 = 0
    ) -> NetlinkMessage {
        var message = NetlinkMessage(verb, "\(route)", type: type, flags: flags)
        var fixed = rtmsg()
        fixed.rtm_family = route.destination.family.number
        fixed.rtm_dst_len = UInt8(route.destination.length)
        // The byte cannot hold numbers above 255: the attribute always says it.
        fixed.rtm_table = UInt8(RT_TABLE_UNSPEC.rawValue)
        fixed.rtm_protocol = route.protocol.rawValue
        fixed.rtm_scope = route.scope.rawValue
        fixed.rtm_type = route.type.rawValue
        if route.nextHops.count == 1, route.nextHops.allSatisfy(\.isOnLink) {
            fixed.rtm_flags = UInt32(RTNH_F_ONLINK)
        }
        message.append(fixed: fixed)
        message.append(RTA_DST.rawValue, route.destination.address)
        message.append(RTA_TABLE.rawValue, route.table.rawValue)
        if route.priority != 0 { message.append(RTA_PRIORITY.rawValue, route.priority) }
        if let source = route.source { message.append(RTA_PREFSRC.rawValue, source) }
        message.append(route.nextHops, of: route.destination.family)
        return message
    }

    private mutating func append(_ nextHops: [NextHop], of family: Family) {
        guard nextHops.count != 1 else {
            for nextHop in nextHops {
                if let interface = nextHop.interface {
                    append(RTA_OIF.rawValue, interface.rawValue)
                }
                append(gatewayOf: nextHop, family)
            }
            return
        }
        guard !nextHops.isEmpty else { return }
        nest(RTA_MULTIPATH.rawValue) { message in
            for nextHop in nextHops {
                message.record { length in
                    rtnexthop(
                        rtnh_len: length,
                        rtnh_flags: nextHop.isOnLink ? UInt8(RTNH_F_ONLINK) : 0,
                        rtnh_hops: UInt8(clamping: nextHop.weight - 1),
                        rtnh_ifindex: nextHop.interface?.signed ?? 0
                    )
                } _: { message in
                    message.append(gatewayOf: nextHop, family)
                }
            }
        }
    }

    private mutating func append(gatewayOf nextHop: NextHop, _ family: Family) {
        guard let gateway = nextHop.gateway else { return }
        guard gateway.family != family else {
            return append(RTA_GATEWAY.rawValue, gateway)
        }
        let via = withUnsafeBytes(of: UInt16(gateway.family.number)) { Array($0) }
        append(RTA_VIA.rawValue, bytes: via + gateway.familyBytes)
    }
}
