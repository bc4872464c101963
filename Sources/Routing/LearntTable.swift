import Model
import Netlink

/// Learnt routes as they are wanted and as the kernel holds them, and the messages in between.
///
/// Many routes share few sets of gateways: sets are kept once and named by numbers, so that a route
/// costs a few dozen bytes and a gateway's move is found out once.
struct LearntTable {
    private struct Wanted {
        var gateways: Int32
        var priority: UInt32
    }

    fileprivate struct Held {
        var hops: Int32
        var priority: UInt32
    }

    private var wanted: [Prefix: Wanted] = [:]
    private var held: [Prefix: Held] = [:]
    /// Found in the kernel beside one already held, or of a form that we do not write.
    private var surplus: [Route] = []
    private var gatewaySets = Interned<[Gateway]>()
    private var hopSets = Interned<[NextHop]>()
    /// The hop set of each gateway set; -1 where there is no way.
    private var ways: [Int32] = []
    private var table = GatewayTable([])
    /// Routes come in runs over the same gateways.
    private var last: (gateways: [Gateway], number: Int32)?

    var wantedCount: Int { wanted.count }
    var heldCount: Int { held.count }

    /// What is to be written for one destination, and what to note when it is done.
    struct Step {
        enum Effect {
            case add, replace, remove
        }

        let destination: Prefix
        let effect: Effect
        let message: NetlinkMessage
        fileprivate let after: Held?
    }

    // MARK: What is wanted

    /// Sets or, with `nil`, takes away what the peers say of a destination.
    mutating func set(_ destination: Prefix, _ route: LearntRoute?) {
        guard let route, !route.gateways.isEmpty else {
            wanted[destination] = nil
            return
        }
        wanted[destination] = Wanted(
            gateways: number(
                of: route.gateways.count > 1 ? route.gateways.sorted() : route.gateways
            ),
            priority: route.priority
        )
    }

    private mutating func resolve(_ number: Int32) -> Int32 {
        var hops: Set<NextHop> = []
        for gateway in gatewaySets[number] { hops.formUnion(table.hops(to: gateway)) }
        return hops.isEmpty ? -1 : hopSets.number(of: Self.ordered(Array(hops)))
    }

    private static func ordered(_ hops: [NextHop]) -> [NextHop] {
        hops.sorted { left, right in
            let one = (left.interface?.rawValue ?? 0, left.gateway ?? Address(v4: 0))
            return one < (right.interface?.rawValue ?? 0, right.gateway ?? Address(v4: 0))
        }
    }

    // MARK: What the kernel holds

    /// Takes what the kernel holds in place of what was believed.
    ///
    /// - Parameters:
    ///   - ours: the speaker's routes.
    ///   - others: all others, by which gateways are found.
    /// - Returns: the destinations that are not as wanted.
    mutating func refresh(ours: [Route], others: [Route]) -> [Prefix] {
        table = GatewayTable(others)
        forgetUnusedSets()
        held.removeAll(keepingCapacity: true)
        surplus = []
        for route in ours { adopt(route) }
        return wanted.keys.filter { !isAsWanted($0) }
    }

    private mutating func adopt(_ route: Route) {
        let isForm = route.type == .unicast && !route.nextHops.isEmpty && route.source == nil
        guard isForm, held[route.destination] == nil else {
            surplus.append(route)
            return
        }
        held[route.destination] = Held(
            hops: hopSets.number(of: Self.ordered(route.nextHops)),
            priority: route.priority
        )
    }

    /// Sets that came and went must not add up over months.
    private mutating func forgetUnusedSets() {
        let old = gatewaySets
        gatewaySets = Interned()
        hopSets = Interned()
        ways = []
        last = nil
        var numbers: [Int32: Int32] = [:]
        for (destination, route) in wanted {
            let known = numbers[route.gateways]
            let number = known ?? number(of: old[route.gateways])
            if known == nil { numbers[route.gateways] = number }
            wanted[destination]?.gateways = number
        }
    }

    private mutating func number(of gateways: [Gateway]) -> Int32 {
        if let last, last.gateways == gateways { return last.number }
        let number = gatewaySets.number(of: gateways)
        if Int(number) == ways.count { ways.append(resolve(number)) }
        last = (gateways, number)
        return number
    }

    private func isAsWanted(_ destination: Prefix) -> Bool {
        guard let found = held[destination], let asked = wanted[destination] else { return false }
        return found.hops == ways[Int(asked.gateways)] && found.priority == asked.priority
    }

    /// What is held and not wanted, and what was found beside it.
    func stale() -> [Prefix] { held.keys.filter { wanted[$0] == nil } }

    /// Whether there is no way to a wanted destination.
    func isUnreachable(_ destination: Prefix) -> Bool {
        wanted[destination].map { ways[Int($0.gateways)] < 0 } ?? false
    }

    var unreachableCount: Int {
        guard ways.contains(-1) else { return 0 }
        return wanted.values.count { ways[Int($0.gateways)] < 0 }
    }

    // MARK: From one to the other

    /// What brings a destination to what is wanted, in order: with another metric the new route is
    /// there before the old one goes.
    func steps(for destination: Prefix) -> [Step] {
        let before = held[destination]
        var after: Held?
        if let asked = wanted[destination] {
            let way = ways[Int(asked.gateways)]
            if way >= 0 { after = Held(hops: way, priority: asked.priority) }
        }
        switch (before, after) {
        case (nil, nil): return []
        case (nil, let after?):
            // Refused when somebody else's route with this metric is there: it stays.
            return [step(destination, .add, .addRoute(route(destination, after)), after)]
        case (let before?, nil):
            return [step(destination, .remove, .deleteRoute(route(destination, before)), nil)]
        case (let before?, let after?):
            guard before.hops != after.hops || before.priority != after.priority else { return [] }
            let new = route(destination, after)
            guard before.priority != after.priority
            else { return [step(destination, .replace, .replaceRoute(new), after)] }
            let old = NetlinkMessage.deleteRoute(route(destination, before))
            return [
                step(destination, .replace, .addRoute(new), after),
                step(destination, .remove, old, after),
            ]
        }
    }

    /// Takes away what was found beside the routes that are held.
    mutating func takeSurplus() -> [NetlinkMessage] {
        defer { surplus = [] }
        return surplus.map { .deleteRoute($0) }
    }

    mutating func note(_ step: Step) { held[step.destination] = step.after }

    private func step(
        _ destination: Prefix,
        _ effect: Step.Effect,
        _ message: NetlinkMessage,
        _ after: Held?
    ) -> Step {
        Step(destination: destination, effect: effect, message: message, after: after)
    }

    private func route(_ destination: Prefix, _ held: Held) -> Route {
        Route(
            to: destination,
            via: hopSets[held.hops],
            protocol: RouteOwners.speaker,
            priority: held.priority
        )
    }
}

/// Values kept once each, and named by small numbers.
private struct Interned<Value: Hashable> {
    private var values: [Value] = []
    private var numbers: [Value: Int32] = [:]

    subscript(number: Int32) -> Value { values[Int(number)] }

    mutating func number(of value: Value) -> Int32 {
        if let number = numbers[value] { return number }
        let number = Int32(values.count)
        values.append(value)
        numbers[value] = number
        return number
    }
}
