package import Linux
import Model
import Netlink

/// What became of a topology in the kernel.
package struct RouteReport: Hashable, Sendable {
    package var added = 0
    package var replaced = 0
    package var removed = 0
    /// Destinations left without a route, and why.
    package var unrouted: Set<Unrouted> = []
    /// What the kernel refused: somebody else's route stands there, or the interface is down.
    package var refused: Set<String> = []

    /// Routes written or removed; 0 when the kernel held what was desired.
    package var writes: Int { added + replaced + removed }
}

/// Why the routes could not be compared.
package struct RoutingError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// Holds the kernel's routes to other nodes' pods at what the topology asks, and nobody else's.
///
/// What somebody takes away comes back: ``run()`` listens to the kernel and compares again.
package actor RouteKeeper {
    private let executor: ThreadExecutor
    private var topology: Topology?
    private var expected: Set<Route> = []
    private var isComparing = false
    private var lastReport = RouteReport()

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Nothing happens before the first topology.
    ///
    /// - Parameter executor: its own thread, which must be in the node's network namespace.
    package init(executor: ThreadExecutor) {
        self.executor = executor
    }

    /// Makes the kernel hold the routes of `topology`; routes of an earlier agent that it does not
    /// ask for go.
    package func apply(_ topology: Topology) throws(RoutingError) -> RouteReport {
        self.topology = topology
        return try compare()
    }

    /// The outcome of the last comparison, for health and status.
    package var report: RouteReport { lastReport }

    /// Repairs what others change, until it is cancelled.
    package func run() async throws {
        let announcements = try NetlinkMonitor.events(
            [.links, .addresses, .routes],
            ignoring: RouteOwners.speaker
        )
        // What happened before we listened.
        try compareAgain()
        try await withThrowingDiscardingTaskGroup { group in
            for await event in announcements where concerns(event) && !isComparing {
                isComparing = true
                group.addTask {
                    // A link that goes takes many routes along: one comparison for all.
                    try? await Task.sleep(for: .milliseconds(50))
                    try await self.compareAgain()
                }
            }
        }
    }

    private func concerns(_ event: NetlinkEvent) -> Bool {
        switch event {
        case .route(let route): KernelRoutes.isOurs(route) && !expected.contains(route)
        case .routeGone(let route): expected.contains(route)
        case .link, .linkGone: !lastReport.refused.isEmpty
        case .address, .addressGone, .overrun: true
        }
    }

    private func compareAgain() throws(RoutingError) {
        isComparing = false
        guard topology != nil else { return }
        _ = try compare()
    }

    private func compare() throws(RoutingError) -> RouteReport {
        guard let topology else { return lastReport }
        do {
            lastReport = try compare(DesiredRoutes(topology))
            return lastReport
        } catch {
            throw RoutingError(description: "comparing routes: \(error)")
        }
    }

    private func compare(_ desired: DesiredRoutes) throws -> RouteReport {
        var netlink = try NetlinkSocket()
        var report = RouteReport()
        report.unrouted = desired.unrouted
        let addresses = try netlink.addresses()
        var wanted: Set<Route> = []
        for route in desired.routes {
            if let route = route.route(over: addresses) {
                wanted.insert(route)
            } else {
                report.refused.insert("\(route): no interface is on that subnet")
            }
        }
        let actual = try ours(&netlink)
        expected = wanted
        try write(KernelRoutes.difference(from: actual, to: wanted), &netlink, &report)
        return report
    }

    private func ours(_ netlink: inout NetlinkSocket) throws(NetlinkError) -> Set<Route> {
        let filter = RouteFilter(table: .main, protocol: KernelRoutes.routeProtocol)
        var routes: Set<Route> = []
        for family in Family.allCases {
            routes.formUnion(try netlink.routes(family, filter).filter(KernelRoutes.isOurs))
        }
        return routes
    }

    /// New routes first: until an old one goes, the longer or the changed one is there already.
    private func write(
        _ difference: KernelRoutes.Difference,
        _ netlink: inout NetlinkSocket,
        _ report: inout RouteReport
    ) throws(NetlinkError) {
        let messages =
            difference.added.map { NetlinkMessage.addRoute($0) }
            + difference.replaced.map { NetlinkMessage.replaceRoute($0) }
            + difference.removed.map { NetlinkMessage.deleteRoute($0) }
        let failures = try netlink.performAll(messages)
        for error in failures.values { report.refused.insert("\(error)") }
        let ends = (difference.added.count, difference.added.count + difference.replaced.count)
        report.added = (0..<ends.0).filter { failures[$0] == nil }.count
        report.replaced = (ends.0..<ends.1).filter { failures[$0] == nil }.count
        report.removed = (ends.1..<messages.count).filter { failures[$0] == nil }.count
    }
}
