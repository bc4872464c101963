import Model
import Netlink

/// Finds the link by which a gateway is reached, from the routes that are not our own.
///
/// A peer's next hop may be many hops away: the kernel wants the first of them, which the longest
/// route around the next hop names (RFC 4271 §9.1.2.1).
struct GatewayTable {
    /// The way of each prefix, by length: lengths are few, prefixes may be many.
    private var ways: [Family: [Int: [Prefix: Way]]] = [:]
    private var lengths: [Family: [Int]] = [:]

    private struct Way {
        let priority: UInt32
        /// `nil` for a route that leads nowhere.
        let hops: [NextHop]
        let isLocal: Bool
    }

    init(_ routes: some Sequence<Route>) {
        for route in routes { add(route) }
        for (family, byLength) in ways { lengths[family] = byLength.keys.sorted(by: >) }
    }

    private mutating func add(_ route: Route) {
        let way = Way(
            priority: route.priority,
            hops: route.nextHops,
            isLocal: route.type == .local
        )
        let family = route.destination.family
        let length = route.destination.length
        let present = ways[family]?[length]?[route.destination]
        guard present.map({ way.priority < $0.priority || way.isLocal }) ?? true else { return }
        ways[family, default: [:]][length, default: [:]][route.destination] = way
    }

    /// The kernel's next hops for a gateway; none when it is unreachable or this node itself.
    func hops(to gateway: Gateway) -> [NextHop] {
        if let interface = gateway.interface {
            return [NextHop(gateway: gateway.address, interface: interface, isOnLink: true)]
        }
        guard let way = longest(around: gateway.address), !way.isLocal else { return [] }
        return way.hops.compactMap { hop in
            guard let interface = hop.interface else { return nil }
            return NextHop(
                gateway: hop.gateway ?? gateway.address,
                interface: interface,
                isOnLink: true
            )
        }
    }

    private func longest(around address: Address) -> Way? {
        for length in lengths[address.family] ?? [] {
            if let prefix = Prefix(address, length: length),
                let way = ways[address.family]?[length]?[prefix]
            {
                return way
            }
        }
        return nil
    }
}
