package import Datastore
package import Model
package import Resources

/// The objects of the store as the policy engine has been told of them: turns what the store says
/// into updates, and a second picture of the store into the differences.
///
/// Of each object only its revision and what would take it back are kept, not the object; of long
/// policies also their rules.
package struct ResourceTable: Sendable {
    /// How many of each sort are known.
    package struct Tally: Hashable, Sendable {
        package fileprivate(set) var workloads = 0
        package fileprivate(set) var hostEndpoints = 0
        package fileprivate(set) var policies = 0
        package fileprivate(set) var profiles = 0
        package fileprivate(set) var tiers = 0
    }

    private struct Entry {
        /// `nil` for an object without a revision of the store.
        var revision: UInt64?
        /// The updates that make the policy engine forget it.
        var withdrawals: Set<Update>
    }

    private var entries: [ResourceKey: Entry] = [:]
    /// Of long policies, which most often come again with one rule changed.
    private var knownRules: [ResourceKey: KnownRules] = [:]
    /// What exists whether stored or not, by what would withdraw it.
    private let builtIn: [Update: Update]
    /// Why objects are treated as absent, or which part of them is.
    package private(set) var problems: [ResourceKey: String] = [:]
    package private(set) var tally = Tally()

    package init() {
        builtIn = Dictionary(builtInUpdates.map { ($0.withdrawal, $0) }) { first, _ in first }
    }

    package var count: Int { entries.count }

    /// Updates for all that is not stored, to begin with.
    package var initialUpdates: [Update] { builtInUpdates }

    /// Takes a whole picture of the store in: the updates that lead there from what was known.
    ///
    /// What this agent wrote after the picture was taken stays.
    package mutating func replace(with items: [Resource], at revision: Revision) -> [Update] {
        var updates: [Update] = []
        var gone = Set(entries.keys)
        for item in items {
            let key = item.key
            gone.remove(key)
            if isKnown(key, item.resourceVersion.flatMap(UInt64.init)) { continue }
            updates += set(item)
        }
        gone = gone.filter { entries[$0]?.revision ?? 0 <= revision.rawValue }
        // Withdrawn first: what took the place of an object may go by the same name.
        return gone.sorted { $0.description < $1.description }.flatMap { remove($0) } + updates
    }

    /// Takes one change in; nothing when it is known already or older than what is known.
    package mutating func apply(_ event: Event) -> [Update] {
        guard !isKnown(event.resource.key, event.revision.rawValue) else { return [] }
        return switch event.change {
        case .added(let resource), .modified(let resource): set(resource)
        case .deleted(let resource): remove(resource.key)
        }
    }

    private func isKnown(_ key: ResourceKey, _ revision: UInt64?) -> Bool {
        guard let known = entries[key]?.revision, let revision else { return false }
        return known >= revision
    }

    private mutating func set(_ resource: Resource) -> [Update] {
        let key = resource.key
        let updates = updates(for: resource, key)
        let withdrawals = Set(updates.map(\.withdrawal))
        let former = entries[key]?.withdrawals ?? []
        tally.count(former, -1)
        tally.count(withdrawals, 1)
        entries[key] = Entry(
            revision: resource.resourceVersion.flatMap(UInt64.init),
            withdrawals: withdrawals
        )
        return withdraw(former.subtracting(withdrawals)) + updates
    }

    private mutating func remove(_ key: ResourceKey) -> [Update] {
        problems[key] = nil
        knownRules[key] = nil
        guard let entry = entries.removeValue(forKey: key) else { return [] }
        tally.count(entry.withdrawals, -1)
        return withdraw(entry.withdrawals)
    }

    private func withdraw(_ withdrawals: Set<Update>) -> [Update] {
        withdrawals.map { builtIn[$0] ?? $0 }
    }

    /// None for an object that is invalid: Felix, too, treats it as absent.
    private mutating func updates(for resource: Resource, _ key: ResourceKey) -> [Update] {
        problems[key] = nil
        let known = knownRules.removeValue(forKey: key)
        if key.type.group == "projectcalico.org",
            let error = validate(resource, knowing: known).first
        {
            problems[key] = "\(error)"
            return []
        }
        do throws(ConversionError) {
            let conversion = try conversion(of: resource, knowing: known)
            if let known = KnownRules(resource, conversion) { knownRules[key] = known }
            if let problem = conversion.problems.first {
                problems[key] = "in part: \(problem.field): \(problem.reason)"
            }
            return conversion.updates
        } catch {
            problems[key] = "\(error.field): \(error.reason)"
            return []
        }
    }
}

extension ResourceTable.Tally {
    fileprivate mutating func count(_ withdrawals: Set<Update>, _ step: Int) {
        for withdrawal in withdrawals {
            switch withdrawal {
            case .endpoint(.workload, _): workloads += step
            case .endpoint(.host, _): hostEndpoints += step
            case .policy: policies += step
            case .profile: profiles += step
            case .tier: tiers += step
            case .networkSet, .serviceSlice: break
            }
        }
    }
}

extension Update {
    /// What makes the policy engine forget the object of this update.
    package var withdrawal: Update {
        switch self {
        case .endpoint(let id, _): .endpoint(id, nil)
        case .networkSet(let id, _): .networkSet(id, nil)
        case .policy(let id, _): .policy(id, nil)
        case .tier(let name, _): .tier(name, nil)
        case .profile(let name, _): .profile(name, nil)
        case .serviceSlice(let name, _): .serviceSlice(name, nil)
        }
    }
}
