internal import Dataplane
internal import Linux
internal import Model

/// What the HTTP servers answer.
struct StatusRoutes: Sendable {
    let health: Health
    let metrics: Metrics
    let dataplane: Dataplane
    let rules: RuleMetrics

    var ofHealth: StatusServer.Routes {
        [
            "/liveness": { reply(health.liveness()) },
            "/readiness": { reply(health.readiness()) },
        ]
    }

    var ofMetrics: StatusServer.Routes {
        [
            "/metrics": {
                await gather()
                return StatusServer.Reply(metrics.text(), type: "text/plain; version=0.0.4")
            }
        ]
    }

    private func reply(_ verdict: Health.Verdict) -> StatusServer.Reply {
        StatusServer.Reply(isGood: verdict.isGood, verdict.text)
    }

    /// Figures that are kept elsewhere.
    private func gather() async {
        if let counters = try? await dataplane.counters() {
            for counter in counters where counter.reason.isDrop {
                metrics.set(.drops, Double(counter.packets), ["reason": counter.reason.name])
            }
        }
        if let counts = try? await dataplane.ruleCounts() {
            rules.set(counts, dataplane.name(ofRule:), in: metrics)
            for direction in Direction.allCases {
                let other = counts[RuleKey(id: RuleKey.other, direction: direction)]
                let labels = ["direction": direction.rawValue]
                metrics.set(.uncountedPackets, Double(other?.packets ?? 0), labels)
            }
        }
        if let losses = try? await dataplane.eventLosses() {
            metrics.set(.untoldEvents, Double(losses.heldBack), ["why": "rate"])
            metrics.set(.untoldEvents, Double(losses.lost), ["why": "room"])
        }
        if let statistics = try? await dataplane.statistics() {
            for map in MapName.allCases {
                let writes = statistics.mapWrites[map] ?? 0
                metrics.set(.mapWrites, Double(writes), ["map": map.rawValue])
            }
            metrics.set(.auditPasses, Double(statistics.auditPasses))
            for map in AuditPass.maps {
                let count = statistics.differences[map] ?? 0
                metrics.set(.auditDifferences, Double(count), ["map": map.rawValue])
            }
            for form in ProgramForm.allCases {
                let count = statistics.programsByForm[form] ?? 0
                metrics.set(.programs, Double(count), ["form": form.rawValue])
            }
            for (map, count) in statistics.entries {
                metrics.set(.policyEntries, Double(count), ["map": map.rawValue])
            }
            for place in UntrackedPlace.names {
                let count = statistics.untracked.values.count { $0.name == place }
                metrics.set(.untrackedInterfaces, Double(count), ["place": place])
            }
            for (map, limit) in statistics.limits {
                metrics.set(.policyEntriesLimit, Double(limit), ["map": map.rawValue])
            }
        }
        if let bytes = Self.residentMemory() { metrics.set(.residentMemory, Double(bytes)) }
    }

    /// The second figure of `statm` is in pages.
    private static func residentMemory() -> Int? {
        guard let bytes = try? File.read("/proc/self/statm") else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? Int(fields[1]).map { $0 * 4096 } : nil
    }
}
