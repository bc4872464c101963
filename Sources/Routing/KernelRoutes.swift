import Model
import Netlink

/// The routes of the main table that are this agent's, and what turns them into the desired ones.
///
/// Ours are those of our protocol number that go to another node or nowhere; routes to pods may
/// carry the number too and are left alone.
struct KernelRoutes {
    /// The protocol number of our routes.
    static let routeProtocol = RouteOwners.agent

    /// What must be written.
    struct Difference: Equatable {
        var added: [Route] = []
        /// Ours to the same destination, with another next hop.
        var replaced: [Route] = []
        var removed: [Route] = []

        var isEmpty: Bool { added.isEmpty && replaced.isEmpty && removed.isEmpty }
    }

    static func isOurs(_ route: Route) -> Bool {
        route.protocol == routeProtocol && route.table == .main
            && (route.type == .blackhole || route.nextHops.contains { $0.gateway != nil })
    }

    /// What turns `actual` into `desired`; a route that stays is not touched.
    static func difference(from actual: Set<Route>, to desired: Set<Route>) -> Difference {
        let places = Set(actual.map(Place.init))
        let kept = Set(desired.map(Place.init))
        let missing = desired.subtracting(actual).sorted { $0.destination < $1.destination }
        return Difference(
            added: missing.filter { !places.contains(Place($0)) },
            replaced: missing.filter { places.contains(Place($0)) },
            removed: actual.subtracting(desired)
                .filter { !kept.contains(Place($0)) }
                .sorted { $0.destination < $1.destination }
        )
    }

    /// What the kernel takes for one and the same route.
    private struct Place: Hashable {
        let destination: Prefix
        let priority: UInt32

        init(_ route: Route) {
            destination = route.destination
            priority = route.priority
        }
    }
}

extension ClusterRoute {
    /// The kernel's form; `nil` when no interface of ours is on the gateway's segment.
    func route(over interfaces: [InterfaceAddress]) -> Route? {
        switch action {
        case .blackhole:
            return Route(
                to: destination,
                type: .blackhole,
                protocol: KernelRoutes.routeProtocol,
                priority: RouteOwners.floor
            )
        case .via(let gateway):
            let candidates = interfaces.filter { address in
                Prefix(address.address, length: address.prefixLength)?.contains(gateway) ?? false
            }
            // The smallest segment, and among several the first interface, so that it stays the same.
            let best = candidates.min {
                ($1.prefixLength, $0.interface) < ($0.prefixLength, $1.interface)
            }
            guard let best else { return nil }
            let hop = NextHop(gateway: gateway, interface: best.interface, isOnLink: true)
            return Route(
                to: destination,
                via: [hop],
                protocol: KernelRoutes.routeProtocol,
                priority: RouteOwners.floor
            )
        }
    }
}
