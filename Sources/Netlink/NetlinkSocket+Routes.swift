import CLinux
import Glibc
package import Model
import Wire

extension NetlinkSocket {
    /// Adds a route; `EEXIST` when there is one to the destination with the same priority.
    package mutating func addRoute(_ route: Route) throws(NetlinkError) {
        try perform(.addRoute(route))
    }

    /// Adds a route or changes the one to the same destination with the same priority.
    package mutating func replaceRoute(_ route: Route) throws(NetlinkError) {
        try perform(.replaceRoute(route))
    }

    /// Deletes a route; `ESRCH` when there is none.
    package mutating func deleteRoute(_ route: Route) throws(NetlinkError) {
        try perform(.deleteRoute(route))
    }

    /// Routes of one family that the filter lets through.
    package mutating func routes(
        _ family: Family,
        _ filter: RouteFilter = RouteFilter()
    ) throws(NetlinkError) -> [Route] {
        var message = NetlinkMessage("list", "routes", type: RTM_GETROUTE)
        var fixed = rtmsg()
        fixed.rtm_family = family.number
        fixed.rtm_protocol = filter.protocol?.rawValue ?? 0
        fixed.rtm_type = filter.type?.rawValue ?? 0
        message.append(fixed: fixed)
        if let table = filter.table { message.append(RTA_TABLE.rawValue, table.rawValue) }
        if let interface = filter.interface {
            message.append(RTA_OIF.rawValue, interface.rawValue)
        }
        do throws(NetlinkError) {
            let all = try dumpAll(message, of: RTM_NEWROUTE) { reader throws(WireError) in
                try Route(parsing: &reader)
            }
            return all.filter(filter.matches)
        } catch  where error.errno == ENOENT && filter.table != nil {
            // A table comes to be with its first route.
            return []
        }
    }
}
