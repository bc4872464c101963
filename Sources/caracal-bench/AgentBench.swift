import Agent
import Datastore
import Foundation
import JSON
import Model
import Resources
import Synchronization

/// What the agent does with changes as they come from the store: a stream of endpoint updates that must
/// not pile up, and one more rule in a policy that many local endpoints have.
struct AgentBench {
    private static let remotePods = 20_000
    private static let rate = 10_000

    /// Of the stream of updates.
    let seconds: Int

    func run() async throws -> [Row] { try await oneMoreRule() + updates() }

    // MARK: One more rule

    /// A policy of 100 rules on 110 local pods grows to 400, among 1,000 others; from the news to the last
    /// verdict in the kernel, and to the last entry of the former program that is taken out.
    private func oneMoreRule() async throws -> [Row] {
        let others = (0..<1000).map { number in
            AgentPath.policy("default.other-\(number)", on: "app == 'web'", [Self.rule(number)])
        }
        let path = try await AgentPath(localPods: 110, others)
        let clock = ContinuousClock()
        var inForce: [Double] = []
        var done: [Double] = []
        for count in 100..<400 {
            let rules = (0..<count).map { Self.rule(2000 + $0) }
            let event = path.event(AgentPath.policy("default.grows", on: "all()", rules))
            let before = path.metrics.total(.inForceSeconds)
            let start = clock.now
            await path.loop.take(.changes([event]))
            done.append((clock.now - start) / .milliseconds(1))
            inForce.append((path.metrics.total(.inForceSeconds) - before) * 1000)
        }
        try await path.down()
        let (first, last) = (Array(inForce.prefix(100)), Array(inForce.suffix(100)))
        progress(
            "one more rule: in force p50 \(format(inForce.median)) ms, p99 in a policy of 100–199 rules "
                + "\(format(first.percentile(0.99))), of 300–399 \(format(last.percentile(0.99))); "
                + "the former program gone p50 \(format(done.median)), "
                + "p99 \(format(done.percentile(0.99)))"
        )
        return [
            .limit(
                "one more rule on 110 local endpoints, in force, p99",
                inForce.percentile(0.99),
                atMost: 20,
                "ms"
            )
        ]
    }

    private static func rule(_ number: Int) -> JSONValue {
        [
            "action": "Allow", "protocol": "TCP",
            "source": ["selector": .string("has(\(AgentPath.marker(number)))")],
            "destination": ["ports": [.int(Int64(1024 + number))]],
        ]
    }

    // MARK: Endpoint updates

    /// What the producer and the loop's callers share.
    private final class Backlog: Sendable {
        private let state = Mutex((pending: 0, deepest: 0))

        func add(_ count: Int) {
            state.withLock { state in
                state.pending += count
                state.deepest = max(state.deepest, state.pending)
            }
        }

        func finish(_ count: Int) { state.withLock { $0.pending -= count } }

        /// The deepest since the last look.
        func takeDeepest() -> Int {
            state.withLock { state in
                defer { state.deepest = state.pending }
                return state.deepest
            }
        }
    }

    /// Ten thousand updates a second, each of which changes a pod's labels and its class, a hundred every
    /// ten milliseconds, whether the loop has done with those before or not.
    private func updates() async throws -> [Row] {
        let policies = (0..<31).map { number in
            AgentPath.policy(
                "default.tag-\(number)",
                on: "has(\(AgentPath.marker(number)))",
                (0..<5).map { Self.rule(number + $0) }
            )
        }
        let pods = (0..<2 * Self.remotePods).map { Self.remotePod($0) }
        let path = try await AgentPath(
            localPods: 110,
            policies + pods.prefix(Self.remotePods)
        )
        let backlog = Backlog()
        let clock = ContinuousClock()
        let cpu = Self.processorSeconds()
        let start = clock.now
        var depths: [Double] = []
        try await withThrowingDiscardingTaskGroup { group in
            for tick in 0..<seconds * 100 {
                let events = (0..<Self.rate / 100).map { index in
                    path.event(pods[(tick * Self.rate / 100 + index) % pods.count])
                }
                backlog.add(events.count)
                let loop = path.loop
                group.addTask {
                    await loop.take(.changes(events))
                    backlog.finish(events.count)
                }
                if tick % 100 == 99 { depths.append(Double(backlog.takeDeepest())) }
                try await clock.sleep(until: start + .milliseconds(10 * (tick + 1)))
            }
        }
        let elapsed = (clock.now - start) / .seconds(1)
        let load = (Self.processorSeconds() - cpu) / elapsed
        try await path.down()
        return Self.rows(depths, elapsed: elapsed, load: load, seconds: seconds)
    }

    private static func rows(
        _ depths: [Double],
        elapsed: Double,
        load: Double,
        seconds: Int
    ) -> [Row] {
        let third = max(1, depths.count / 3)
        let (early, late) = (Array(depths.prefix(third)), Array(depths.suffix(third)))
        progress(
            "updates: deepest a second early \(format(early.median)), late \(format(late.median)), "
                + "at all \(format(depths.max() ?? 0)); \(format(load)) processors busy"
        )
        return [
            .limit(
                "\(rate) endpoint updates a second for \(seconds) s, deepest queue of the last third",
                late.median,
                atMost: max(2 * early.median, Double(rate) / 10),
                "updates"
            ),
            .limit(
                "the same, time until all were in the kernel",
                elapsed,
                atMost: Double(seconds) + 0.5,
                "s"
            ),
        ]
    }

    /// The second half are the same pods with other labels.
    private static func remotePod(_ number: Int) -> Resource {
        let which = number % remotePods
        return AgentPath.pod(
            "pod-\(which)",
            node: "node2",
            Address(v4: 0x0a01_0000 + UInt32(which)),
            ["app": "db", AgentPath.marker(which + (number < remotePods ? 0 : 7)): "true"]
        )
    }

    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}
