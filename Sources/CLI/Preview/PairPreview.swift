internal import Evaluate
internal import Model

/// What a change would do to the truth table of all pairs of workloads.
///
/// Workloads that no rule tells apart are one group: a cell is judged for one pair of each two groups.
/// Only cells that the change can reach are judged, and at most so many; `isWhole` says whether that
/// was enough.
struct PairPreview: Sendable {
    /// Verdicts of cells that are judged at most.
    static let limit = 400_000

    private struct Group {
        var addresses: [Address] = []
        var isTouched = false
    }

    private(set) var changes: [VerdictChange] = []
    let probes: [Probe]
    private(set) var endpoints = 0
    private(set) var groups = 0
    /// Pairs of addresses and probes in the table.
    private(set) var pairs = 0
    /// Those that change.
    private(set) var changed = 0
    private(set) var isWhole = true

    init(_ change: WorldChange, probes: [Probe]) {
        self.probes = Array(probes.prefix(Probe.limit))
        isWhole = probes.count <= Probe.limit
        let ids = change.after.endpoints.keys.filter {
            $0.isWorkload && change.before.endpoints[$0] != nil
        }
        endpoints = ids.count
        let addresses = Set(ids.flatMap { change.after.endpoints[$0]?.addresses ?? [] })
        let groups = Self.groups(of: addresses, change)
        self.groups = groups.count
        let judge = PairJudge(change, Set(groups.flatMap { $0.addresses.prefix(2) }))
        for source in groups {
            for destination in groups { compare(source, destination, judge) }
        }
        changes.sort { $0.sortKey < $1.sortKey }
    }

    private static func groups(of addresses: Set<Address>, _ change: WorldChange) -> [Group] {
        let tables = [change.before, change.after].map { AddressFactTable($0, addresses).facts }
        var groups: [[AddressFacts?]: [Family: Group]] = [:]
        for address in addresses.sorted() {
            let facts = tables.map { $0[address] }
            groups[facts, default: [:]][address.family, default: Group()].addresses.append(address)
        }
        let touched = touchedAddresses(change)
        return groups.values.flatMap(\.values).map { group in
            var group = group
            group.isTouched =
                change.hasOtherMembers
                || group.addresses.prefix(1).contains { touched.contains($0) }
            return group
        }.sorted { ($0.addresses.first ?? Address(v4: 0)) < ($1.addresses.first ?? Address(v4: 0)) }
    }

    /// Addresses of workloads that a changed policy or profile applies to.
    private static func touchedAddresses(_ change: WorldChange) -> Set<Address> {
        var touched: Set<Address> = []
        guard !change.hasOtherMembers else { return touched }
        for world in [change.before, change.after] {
            var few = PolicyWorld()
            for id in change.policies { few.apply(.policy(id, world.policies[id])) }
            for profile in world.profiles.values { few.apply(.profile(profile.name, profile)) }
            for endpoint in world.endpoints.values {
                few.apply(.endpoint(endpoint.id, endpoint))
            }
            let evaluator = Evaluator(few)
            for endpoint in world.endpoints.values {
                let applies = Direction.allCases.contains { direction in
                    !evaluator.allPolicies(at: endpoint.id, direction).isEmpty
                }
                guard applies || !change.profiles.isDisjoint(with: endpoint.profiles) else {
                    continue
                }
                touched.formUnion(endpoint.addresses)
            }
        }
        return touched
    }

    private mutating func compare(_ source: Group, _ destination: Group, _ judge: PairJudge) {
        guard let one = source.addresses.first,
            let other = destination.addresses.first(where: { $0 != one }),
            one.family == other.family
        else { return }
        let isSame = source.addresses.first == destination.addresses.first
        let count = source.addresses.count * (destination.addresses.count - (isSame ? 1 : 0))
        for probe in probes {
            guard let flow = probe.flow(one, other) else { continue }
            pairs += count
            guard source.isTouched || destination.isTouched else { continue }
            guard judge.count < Self.limit else {
                isWhole = false
                continue
            }
            guard let verdict = judge.judge(flow), verdict.before != verdict.after else { continue }
            changed += count
            changes.append(
                VerdictChange(
                    flow: flow,
                    source: name(source, judge),
                    destination: name(destination, judge),
                    isAllowed: verdict.after,
                    decision: verdict.decision,
                    pairs: count
                )
            )
        }
    }

    private func name(_ group: Group, _ judge: PairJudge) -> String {
        guard let first = group.addresses.first else { return "" }
        let more = group.addresses.count - 1
        return judge.name(of: first) + (more > 0 ? " and \(more) more" : "")
    }
}
