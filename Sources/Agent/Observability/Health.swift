internal import Synchronization

/// What the parts of the agent say of themselves, added up to "alive" and "ready".
///
/// A part that has not reported within its timeout is neither: it hangs. Reports without a timeout
/// hold until the next one.
package final class Health: Sendable {
    /// A part of the agent.
    package enum Part: String, Hashable, Sendable, CaseIterable {
        /// The snapshot of the store has been read and its watch is up.
        case store
        /// The kernel holds the policy that the store asks for.
        case dataplane
        /// Every object of the store could be used.
        case resources
        case routes
        case cni
    }

    /// The sum, with a line for each part.
    package struct Verdict: Hashable, Sendable {
        package let isGood: Bool
        package let text: String
    }

    private struct Report {
        var isLive = true
        var isReady = false
        var isDegraded = false
        var detail = "starting"
        var since: ContinuousClock.Instant?
    }

    private struct State {
        var reports: [Part: Report]
        var timeouts: [Part: Duration]
    }

    private let state: Mutex<State>

    /// Expects reports from these parts; those with a timeout must report at least so often.
    package init(_ parts: Set<Part>, timeouts: [Part: Duration] = [:]) {
        var reports: [Part: Report] = [:]
        for part in parts { reports[part] = Report() }
        state = Mutex(State(reports: reports, timeouts: timeouts))
    }

    /// Says how a part is.
    ///
    /// A degraded part does its work, with something wrong that `detail` names.
    package func report(
        _ part: Part,
        isLive: Bool = true,
        isReady: Bool,
        isDegraded: Bool = false,
        _ detail: String = "",
        now: ContinuousClock.Instant = .now
    ) {
        let report = Report(
            isLive: isLive,
            isReady: isReady,
            isDegraded: isDegraded,
            detail: detail,
            since: now
        )
        state.withLock { $0.reports[part] = report }
    }

    package func setTimeout(_ timeout: Duration?, of part: Part) {
        state.withLock { $0.timeouts[part] = timeout }
    }

    package func liveness(now: ContinuousClock.Instant = .now) -> Verdict {
        verdict(now: now) { $0.isLive }
    }

    package func readiness(now: ContinuousClock.Instant = .now) -> Verdict {
        verdict(now: now) { $0.isReady && $0.isLive }
    }

    private func verdict(
        now: ContinuousClock.Instant,
        _ isGood: (Report) -> Bool
    ) -> Verdict {
        let state = state.withLock { $0 }
        var allGood = true
        var lines: [String] = []
        for (part, report) in state.reports.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            var good = isGood(report)
            var detail = report.detail
            if let timeout = state.timeouts[part], let since = report.since, since + timeout < now {
                good = false
                detail = "no report for \((now - since).components.seconds) s; \(detail)"
            }
            allGood = allGood && good
            let word = good ? (report.isDegraded ? "degraded" : "ok") : "not ok"
            lines.append("\(part.rawValue): \(word)" + (detail.isEmpty ? "" : " - \(detail)"))
        }
        return Verdict(isGood: allGood, text: lines.joined(separator: "\n") + "\n")
    }
}
