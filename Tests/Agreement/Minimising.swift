import Model

/// As few of the elements as still fail: what is left when nothing more can go.
package func minimised<Element>(
    _ elements: [Element],
    failing: ([Element]) -> Bool
) -> [Element] {
    var kept = elements
    var chunk = max(1, kept.count / 2)
    while true {
        var start = 0
        var hasShrunk = false
        while start < kept.count {
            var fewer = kept
            fewer.removeSubrange(start..<min(start + chunk, kept.count))
            if failing(fewer) {
                kept = fewer
                hasShrunk = true
            } else {
                start += chunk
            }
        }
        if chunk == 1, !hasShrunk { return kept }
        chunk = max(1, chunk / 2)
    }
}

extension History {
    /// The smallest history that still fails: few questions, batches and updates, and in these only
    /// what matters.
    package func minimised(failing: (History) -> Bool) -> History {
        var least = History(
            batches: batches,
            questions: Agreement.minimised(questions) {
                failing(History(batches: batches, questions: $0, bounds))
            },
            bounds
        )
        least = least.withFewerUpdates(failing)
        let flat = least.batches.flatMap { $0 }
        let merged = History(batches: [flat], questions: least.questions, bounds)
        if least.batches.count > 1, failing(merged) { least = merged.withFewerUpdates(failing) }
        let usual = History(batches: least.batches, questions: least.questions)
        if failing(usual) { least = usual }
        while let simpler = least.simpler.first(where: failing) { least = simpler }
        return least
    }

    private func withFewerUpdates(_ failing: (History) -> Bool) -> History {
        let flat = batches.enumerated().flatMap { number, updates in
            updates.map { (batch: number, update: $0) }
        }
        func history(_ kept: [(batch: Int, update: Update)]) -> History {
            let groups = Dictionary(grouping: kept, by: \.batch)
            return History(
                batches: groups.keys.sorted().map { (groups[$0] ?? []).map(\.update) },
                questions: questions,
                bounds
            )
        }
        return history(Agreement.minimised(flat) { failing(history($0)) })
    }

    /// Every history with one update that asks for a little less.
    private var simpler: some Sequence<History> {
        let places = batches.indices.flatMap { batch in
            batches[batch].indices.map { (batch, $0) }
        }
        return places.lazy.flatMap { batch, index in
            batches[batch][index].simpler.lazy.map { update in
                var batches = batches
                batches[batch][index] = update
                return History(batches: batches, questions: questions, bounds)
            }
        }
    }
}
