package import Agent
package import Logging
package import Model
package import Routing

/// Brings learnt routes into the kernel, and counts, tells and retries what it refuses.
package actor KernelRoutesLoop {
    private let keeper: LearntRouteKeeper
    private let logger: Logger
    private let metrics: Metrics
    /// What was not written because the kernel could not be asked at all; latest wins.
    private var pending: [Prefix: LearntRoute?] = [:]
    private var reported: Set<Prefix> = []

    package init(keeper: LearntRouteKeeper, metrics: Metrics, logger: Logger) {
        self.keeper = keeper
        self.metrics = metrics
        self.logger = logger
    }

    /// Takes changes of what the peers say.
    package func take(_ changes: [Prefix: LearntRoute?]) async {
        pending.merge(changes) { $1 }
        let batch = pending
        pending = [:]
        do throws(RoutingError) {
            note(try await keeper.apply(batch))
        } catch {
            // What came meanwhile is newer.
            pending = batch.merging(pending) { $1 }
            fail(error)
        }
    }

    /// Tries again what was refused or could not be asked.
    package func retry() async {
        if !pending.isEmpty { await take([:]) }
        guard !reported.isEmpty else { return }
        do throws(RoutingError) {
            note(try await keeper.reconcile())
        } catch {
            fail(error)
        }
    }

    /// Ends the time to restart: what no peer named again goes.
    package func sweep() async {
        do throws(RoutingError) {
            let report = try await keeper.sweep()
            logger.info("stale routes are gone", metadata: ["removed": "\(report.removed)"])
            note(report)
        } catch {
            fail(error)
        }
    }

    private func note(_ report: LearntReport) {
        metrics.add(.learntWrites, Double(report.writes))
        let found = Set(report.refused.keys)
        for prefix in found.subtracting(reported).sorted().prefix(5) {
            logger.error(
                "the kernel refused a route",
                metadata: ["error": "\(report.refused[prefix] ?? "")"]
            )
        }
        reported = found
    }

    private func fail(_ error: RoutingError) {
        metrics.add(.kernelFailures)
        logger.error("the kernel's routes stay behind", metadata: ["error": "\(error)"])
    }
}

extension Metric {
    static let learntWrites = Self(
        .counter,
        "caracal_bgp_route_writes_total",
        "Learnt routes written or removed since the speaker started."
    )
    static let kernelFailures = Self(
        .counter,
        "caracal_bgp_kernel_failures_total",
        "Number of times that learnt routes could not be written at all and are retried."
    )
}
