internal import Index
internal import Model

/// The rules of one stage of a host endpoint in their order, before the near end is known.
///
/// A workload's end of a packet is one address, of which all is known when its rules are compiled. At
/// a host's interface both ends may be anybody: what passes through, and the node itself under any of
/// its addresses. So a rule keeps its conditions on the near end, and each answer that the classes
/// give to all of these makes a program of its own.
struct HostRecipe: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case beginTier
        case rule(condition: Int32, near: Int32, Action, rule: Int32)
        case endTier
    }

    /// What it means that no rule decides.
    enum End: UInt8, Hashable, Sendable {
        case deny
        case allow
        /// What comes next is asked.
        case goOn
    }

    var steps: [Step] = []
    let end: End

    init(end: End) {
        self.end = end
    }

    /// The conditions on the near end, by id, without the one that always holds.
    func nearConditions(_ vocabulary: Vocabulary) -> [Int32] {
        var found: Set<Int32> = []
        for case .rule(_, let near, _, _) in steps { found.insert(near) }
        return found.subtracting([vocabulary.anyRemote]).sorted()
    }

    /// The program for near ends that meet these conditions and no other; `noMatch` names the end.
    func clauses(met: Set<Int32>, _ vocabulary: Vocabulary, noMatch: Int32) -> [Clause] {
        var flattening = Flattening(always: vocabulary.always)
        for step in steps where !flattening.isClosed {
            switch step {
            case .beginTier: flattening.beginTier()
            case .endTier: flattening.endTier()
            case .rule(let condition, let near, let action, let rule):
                guard near == vocabulary.anyRemote || met.contains(near) else { continue }
                flattening.add(condition, action, rule: rule)
            }
        }
        guard !flattening.isClosed else { return flattening.clauses }
        flattening.beginTier()
        switch end {
        case .deny: flattening.add(vocabulary.always, .deny, rule: noMatch)
        case .allow: flattening.add(vocabulary.always, .allow, rule: noMatch)
        case .goOn: flattening.goOn(rule: noMatch)
        }
        flattening.endTier()
        return flattening.clauses
    }

    /// The same in every process for the same rules.
    func stableHash(_ vocabulary: Vocabulary) -> UInt64 {
        var hash = StableHash(kind: 71)
        hash.combine(UInt64(end.rawValue))
        for step in steps {
            switch step {
            case .beginTier: hash.combine(1 as UInt64)
            case .endTier: hash.combine(2 as UInt64)
            case .rule(let condition, let near, let action, let rule):
                hash.combine(vocabulary.conditions.stableHash(of: condition))
                hash.combine(vocabulary.remotes.stableHash(of: near))
                hash.combine(vocabulary.rules.stableHash(of: rule))
                hash.combine(action.rawValue)
            }
        }
        return hash.value
    }
}

extension RuleCompiler {
    /// The rule where neither end is known: conditions on both.
    ///
    /// Any one of them suffices; none means that the rule cannot match.
    func conditionsOfBothEnds(_ index: ClusterIndex) -> [TwoSidedCondition] {
        guard rule.family == nil || rule.family == family else { return [] }
        // Seen from the other end, what is near is far.
        let mirrored = RuleCompiler(rule, direction == .ingress ? .egress : .ingress, family)
        let far = remoteConditions(index)
        let near = far.isEmpty ? [] : mirrored.remoteConditions(index)
        let protocols = protocolRegion
        return far.flatMap { far in
            near.compactMap { near in
                let (destination, source) =
                    direction == .ingress ? (near.ports, far.ports) : (far.ports, near.ports)
                let ports = protocols.intersection(destination)
                guard !ports.isEmpty, !source.isEmpty, !far.remote.isImpossible,
                    !near.remote.isImpossible
                else { return nil }
                return TwoSidedCondition(
                    far: far.remote,
                    near: near.remote,
                    ports: ports,
                    sourcePorts: source
                )
            }
        }
    }
}

/// What a rule asks of a packet of which no end is known.
struct TwoSidedCondition {
    let far: RemoteCondition
    let near: RemoteCondition
    let ports: PortRegion
    let sourcePorts: PortRegion
}
