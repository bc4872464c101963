internal import Evaluate
internal import Model

/// Judges flows between some addresses, at one end at a time.
///
/// The evaluator looks at everything it knows for every flow; it is asked in a world that holds only what
/// those addresses and that end can be told apart by, which changes none of its answers.
final class EndJudge {
    private let world: PolicyWorld
    private let enforcesStaged: Bool
    /// Members that own one of the addresses, tiers, profiles and services.
    private var shared = PolicyWorld()
    private var evaluators: [EndpointID: Evaluator] = [:]
    private let everyone: Evaluator
    /// How many verdicts were asked for.
    private(set) var count = 0

    init(_ world: PolicyWorld, _ addresses: Set<Address>, enforcesStaged: Bool) {
        self.world = world
        self.enforcesStaged = enforcesStaged
        everyone = Evaluator(world)
        let sorted = addresses.sorted()
        for tier in world.tiers.values { shared.apply(.tier(tier.name, tier)) }
        for profile in world.profiles.values { shared.apply(.profile(profile.name, profile)) }
        for (name, slice) in world.serviceSlices { shared.apply(.serviceSlice(name, slice)) }
        for endpoint in world.endpoints.values
        where endpoint.addresses.contains(where: addresses.contains) {
            shared.apply(.endpoint(endpoint.id, endpoint))
        }
        for var set in world.networkSets.values {
            set.nets = set.nets.filter { $0.containsAny(of: sorted) }
            if !set.nets.isEmpty { shared.apply(.networkSet(set.id, set)) }
        }
    }

    /// The verdict at an endpoint on a flow between two of the addresses.
    func judge(_ flow: Flow, at id: EndpointID, _ direction: Direction) -> Judgement {
        count += 1
        let evaluator = evaluators[id] ?? makeEvaluator(id)
        return enforcesStaged
            ? evaluator.judgeStaged(flow, at: id, direction)
            : evaluator.judge(flow, at: id, direction)
    }

    /// Policies that apply to an endpoint, staged ones too.
    func policies(of id: EndpointID) -> Set<PolicyID> {
        Set(Direction.allCases.flatMap { everyone.allPolicies(at: id, $0) })
    }

    private func makeEvaluator(_ id: EndpointID) -> Evaluator {
        var focused = shared
        if let endpoint = world.endpoints[id] { focused.apply(.endpoint(id, endpoint)) }
        for policy in policies(of: id) {
            focused.apply(.policy(policy, world.policies[policy]))
        }
        let evaluator = Evaluator(focused)
        evaluators[id] = evaluator
        return evaluator
    }
}

extension Prefix {
    /// Whether one of the addresses, in their order, lies in it.
    fileprivate func containsAny(of addresses: [Address]) -> Bool {
        var (low, high) = (0, addresses.count)
        while low < high {
            let middle = (low + high) / 2
            if addresses[middle] < address { low = middle + 1 } else { high = middle }
        }
        return addresses[low...].prefix { spans($0) }.contains { contains($0) }
    }
}
