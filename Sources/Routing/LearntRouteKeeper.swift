internal import Glibc
package import Linux
package import Model
import Netlink

/// Holds the kernel's routes learnt by BGP at what the peers say.
///
/// Routes of an earlier speaker are adopted as they are: those that the peers name again are not
/// touched, and the others stay until ``sweep()``, when the time to restart is over (RFC 4724 §4.1).
/// What the kernel refuses is tried again with each ``reconcile()``.
package actor LearntRouteKeeper {
    private let executor: ThreadExecutor
    private var table = LearntTable()
    private var refused: [Prefix: String] = [:]
    private var isAdopted = false
    private var keepsStale = true
    private var isComparing = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Nothing happens before the first routes.
    ///
    /// - Parameter executor: its own thread, which must be in the node's network namespace.
    package init(executor: ThreadExecutor) {
        self.executor = executor
    }

    /// Takes changes of what the peers say, `nil` where they say nothing any more.
    package func apply(_ changes: [Prefix: LearntRoute?]) throws(RoutingError) -> LearntReport {
        try attempt { netlink throws(NetlinkError) in
            if !isAdopted { _ = try adopt(&netlink) }
            for (destination, route) in changes { table.set(destination, route) }
            return try write(Array(changes.keys), &netlink)
        }
    }

    /// Reads the kernel anew, and repairs what others changed or the kernel refused before.
    package func reconcile() throws(RoutingError) -> LearntReport {
        isComparing = false
        return try attempt { netlink throws(NetlinkError) in
            var destinations = Set(try adopt(&netlink)).union(refused.keys)
            if !keepsStale { destinations.formUnion(table.stale()) }
            return try write(Array(destinations), &netlink)
        }
    }

    /// Ends the time in which routes of an earlier speaker stay: those that no peer named go.
    package func sweep() throws(RoutingError) -> LearntReport {
        keepsStale = false
        return try attempt { netlink throws(NetlinkError) in
            if !isAdopted { _ = try adopt(&netlink) }
            let surplus = table.takeSurplus()
            _ = try netlink.performAll(surplus)
            var report = try write(table.stale(), &netlink)
            report.removed += surplus.count
            return report
        }
    }

    /// Repairs what happens to links and addresses, and every so often the rest, until cancelled.
    package func run(every period: Duration = .seconds(30)) async throws {
        let announcements = try NetlinkMonitor.events(
            [.links, .addresses, .routes],
            ignoring: RouteOwners.speaker
        )
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: period)
                    _ = try? await self.reconcile()
                }
            }
            for await event in announcements where concerns(event) && !isComparing {
                isComparing = true
                group.addTask {
                    // A link that goes takes many routes along: one comparison for all.
                    try? await Task.sleep(for: .milliseconds(50))
                    _ = try? await self.reconcile()
                }
            }
        }
    }

    /// Destinations in the kernel and wanted, those refused, and those without a way.
    package var state: LearntReport {
        var report = LearntReport()
        report.refused = refused
        report.unreachable = table.unreachableCount
        report.installed = table.heldCount
        return report
    }

    /// The agent's routes come and go all the time, and no gateway is found by them.
    private func concerns(_ event: NetlinkEvent) -> Bool {
        switch event {
        case .route(let route), .routeGone(let route):
            route.table == .main && route.protocol != RouteOwners.agent
                && route.protocol != RouteOwners.speaker
        case .link, .linkGone, .address, .addressGone, .overrun: table.wantedCount > 0
        }
    }

    // MARK: The kernel

    private func attempt(
        _ body: (inout NetlinkSocket) throws(NetlinkError) -> LearntReport
    ) throws(RoutingError) -> LearntReport {
        do {
            var netlink = try NetlinkSocket()
            return try body(&netlink)
        } catch {
            throw RoutingError(description: "writing learnt routes: \(error)")
        }
    }

    /// Lists the kernel's routes; the destinations that are not as wanted.
    private func adopt(_ netlink: inout NetlinkSocket) throws(NetlinkError) -> [Prefix] {
        var ours: [Route] = []
        var others: [Route] = []
        for family in Family.allCases {
            for route in try netlink.routes(family) {
                switch route.table {
                case .main where route.protocol == RouteOwners.speaker: ours.append(route)
                case .main: others.append(route)
                case .local where route.type == .local: others.append(route)
                default: break
                }
            }
        }
        isAdopted = true
        return table.refresh(ours: ours, others: others)
    }

    private func write(
        _ destinations: [Prefix],
        _ netlink: inout NetlinkSocket
    ) throws(NetlinkError) -> LearntReport {
        var report = LearntReport()
        // In the order of the kernel's own tree, which is the quicker for it.
        let destinations = destinations.sorted()
        var steps: [LearntTable.Step] = []
        steps.reserveCapacity(destinations.count)
        for destination in destinations { steps += table.steps(for: destination) }
        let failures = try netlink.performAll(steps.map(\.message))
        if !refused.isEmpty { for destination in destinations { refused[destination] = nil } }
        for (index, step) in steps.enumerated() {
            let failure = failures.isEmpty ? nil : failures[index]
            // What was to go is gone.
            if let failure, step.effect != .remove || failure.errno != ESRCH {
                refused[step.destination] = "\(failure)"
                continue
            }
            table.note(step)
            switch step.effect {
            case .add: report.added += 1
            case .replace: report.replaced += 1
            case .remove: report.removed += 1
            }
        }
        report.refused = refused
        report.unreachable = table.unreachableCount
        report.installed = table.heldCount
        return report
    }
}
