internal import Evaluate
internal import Model

/// What policy knows before a change and after it, and where the two differ.
struct WorldChange: Sendable {
    let before: PolicyWorld
    let after: PolicyWorld
    /// Staged policies are taken to be enforced after the change.
    let enforcesStaged: Bool
    /// Policies that come, go or become others.
    let policies: Set<PolicyID>
    /// Profiles whose rules do.
    let profiles: Set<String>
    /// Labels, addresses, network sets, services or tiers differ: any verdict may.
    let hasOtherMembers: Bool

    init(_ before: [Update], _ after: [Update], enforcesStaged: Bool) {
        let old = PolicyWorld(before)
        let new = PolicyWorld(after)
        self.before = old
        self.after = new
        self.enforcesStaged = enforcesStaged
        var policies = Self.differences(old.policies, new.policies)
        if enforcesStaged { policies.formUnion(new.policies.keys.filter(\.kind.isStaged)) }
        self.policies = policies
        profiles = Self.differences(old.profiles, new.profiles)
        let relabelled = profiles.contains {
            old.profiles[$0]?.labelsToApply != new.profiles[$0]?.labelsToApply
        }
        hasOtherMembers =
            relabelled || old.tiers != new.tiers || old.endpoints != new.endpoints
            || old.networkSets != new.networkSets || old.serviceSlices != new.serviceSlices
    }

    private static func differences<Key, Value: Equatable>(
        _ old: [Key: Value],
        _ new: [Key: Value]
    ) -> Set<Key> {
        var keys = Set(new.keys.filter { old[$0] != new[$0] })
        for key in old.keys where new[key] == nil { keys.insert(key) }
        return keys
    }

    /// Rules of what changed, or all rules where that is something else.
    var rules: [Rule] {
        [before, after].flatMap { world in
            let policies = world.policies.values.filter {
                hasOtherMembers || self.policies.contains($0.id)
            }
            let profiles = world.profiles.values.filter {
                hasOtherMembers || self.profiles.contains($0.name)
            }
            return policies.flatMap { $0.ingress + $0.egress }
                + profiles.flatMap { $0.ingress + $0.egress }
        }
    }
}
