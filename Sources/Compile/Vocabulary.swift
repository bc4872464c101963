internal import Index
internal import Model

/// The conditions of a rule, by numbers.
struct Condition: Hashable, Sendable {
    let remote: Int32
    let ports: Int32
    let sourcePorts: Int32
}

/// Everything that rules are made of, each kept once: rules are compared and hashed as numbers.
struct Vocabulary: Sendable {
    private(set) var remotes = Interner<RemoteCondition>()
    private(set) var regions = Interner<PortRegion>()
    private(set) var conditions = Interner<Condition>()
    private(set) var rules = Interner<RuleName>()
    /// Holds for every packet.
    private(set) var always: Int32 = 0
    private(set) var anyRemote: Int32 = 0
    private(set) var anyPorts: Int32 = 0
    private var sweptCount = 0

    init() {
        always = condition(.any, .all, .all)
        anyRemote = remotes.intern(.any, stableHash: RemoteCondition.any.stableHash)
        anyPorts = regions.intern(.all, stableHash: PortRegion.all.stableHash)
    }

    mutating func condition(
        _ remote: RemoteCondition,
        _ ports: PortRegion,
        _ sourcePorts: PortRegion
    ) -> Int32 {
        let condition = Condition(
            remote: remotes.intern(remote, stableHash: remote.stableHash),
            ports: regions.intern(ports, stableHash: ports.stableHash),
            sourcePorts: regions.intern(sourcePorts, stableHash: sourcePorts.stableHash)
        )
        var hash = StableHash(kind: 31)
        hash.combine(remotes.stableHash(of: condition.remote))
        hash.combine(regions.stableHash(of: condition.ports))
        hash.combine(regions.stableHash(of: condition.sourcePorts))
        return conditions.intern(condition, stableHash: hash.value)
    }

    mutating func remote(_ condition: RemoteCondition) -> Int32 {
        remotes.intern(condition, stableHash: condition.stableHash)
    }

    mutating func rule(_ name: RuleName) -> Int32 {
        rules.intern(name, stableHash: name.stableHash)
    }

    /// Whether so much piled up since the last sweep that one is worth its time.
    var needsSweep: Bool {
        conditions.count + rules.count > 2 * sweptCount + 4096
    }

    /// Forgets all but these; `near` are remote conditions that stand alone.
    mutating func sweep(
        conditions kept: Set<Int32>,
        near: Set<Int32> = [],
        rules keptRules: Set<Int32>
    ) {
        let kept = kept.union([always])
        conditions.sweep(keeping: kept)
        let live = kept.map { conditions[$0] }
        remotes.sweep(keeping: near.union(live.map(\.remote)).union([anyRemote]))
        regions.sweep(
            keeping: Set(live.flatMap { [$0.ports, $0.sourcePorts] }).union([anyPorts])
        )
        rules.sweep(keeping: keptRules)
        sweptCount = conditions.count + rules.count
    }
}

extension RuleName {
    /// The same in every process.
    var stableHash: UInt64 {
        var hash = StableHash(kind: 41)
        hash.combine(tier)
        switch owner {
        case .policy(let id):
            hash.combine(1 as UInt64)
            hash.combine(id.kind.rawValue)
            hash.combine(id.namespace == nil ? 0 : 1 as UInt64)
            hash.combine(id.namespace ?? "")
            hash.combine(id.name)
        case .profile(let name):
            hash.combine(2 as UInt64)
            hash.combine(name)
        case .endOfTier: hash.combine(3 as UInt64)
        case .noMatch: hash.combine(4 as UInt64)
        }
        hash.combine(direction.rawValue)
        hash.combine(UInt64(bitPattern: Int64(index)))
        return hash.value
    }
}
