package import Model
import Synchronization

// What each rule decided.

extension Dataplane {
    /// The ids in the kernel of rules that `isIncluded` chooses.
    package nonisolated func rules(
        where isIncluded: (RuleName) -> Bool
    ) -> [UInt32: RuleName] {
        names.all(where: isIncluded)
    }

    /// What these rules decided; what connections have counted is added first.
    package func ruleCounts(
        of keys: [RuleKey]
    ) throws(DataplaneError) -> [RuleKey: RuleCount] {
        let session = try running()
        try session.connections.account()
        var counts: [RuleKey: RuleCount] = [:]
        for key in keys { counts[key] = try session.ruleCounters.read(key) }
        return counts
    }

    /// What all rules decided that something has met, as of the last sweep.
    package func ruleCounts() throws(DataplaneError) -> [RuleKey: RuleCount] {
        let session = try running()
        var counts: [RuleKey: RuleCount] = [:]
        for key in try session.ruleCounters.keys() {
            counts[key] = try session.ruleCounters.read(key)
        }
        return counts
    }

    /// Forgets the counters of rules that are no more; how many there were.
    ///
    /// A connection that is still under such a rule may enter it once more: this is called now and then.
    package func pruneRuleCounts() throws(DataplaneError) -> Int {
        let session = try running()
        guard session.reconciler.hasPolicy else { return 0 }
        let gone = try session.ruleCounters.keys().filter { key in
            key.id != RuleKey.none && key.id != RuleKey.other && names[key.id] == nil
        }
        try session.ruleCounters.remove(gone)
        return gone.count
    }

    /// Events that were not told: by the programs since the maps were made, by us since the start.
    package func eventLosses() throws(DataplaneError) -> EventLosses {
        var losses = try running().counters.losses()
        losses.lost &+= reader?.unread.load(ordering: .relaxed) ?? 0
        return losses
    }
}
