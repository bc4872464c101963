import Agreement
import Evaluate
import Model
import Support
import Testing

@testable import CLI

/// `policy preview` judges one pair of many and leaves out what it takes to be unchanged; here every pair
/// is judged by the whole evaluator.
@Suite struct PreviewTests {
    @Test(arguments: 0..<Effort.histories)
    func `a preview counts what judging every pair counts`(_ number: Int) {
        let seed = UInt64(number) + 50_000
        var world = RandomWorld(seed: seed)
        let before = (0..<50).map { _ in world.update() }
        // Policies alone every other time: then only what they apply to is judged.
        let changes = (0..<3).map { _ in Self.update(&world, policiesOnly: number % 2 == 0) }
        let enforcesStaged = number % 5 == 0
        let change = WorldChange(before, before + changes, enforcesStaged: enforcesStaged)
        let probes = [
            Probe(.tcp, 80), Probe(.tcp, 443), Probe(.udp, 53), Probe(.icmp, 8),
            Probe(.icmpv6, 128), Probe(IPProtocol(rawValue: 47), 0),
        ]
        let preview = PairPreview(change, probes: probes)
        #expect(preview.isWhole)
        let (pairs, changed) = Self.count(change, probes)
        #expect(preview.pairs == pairs, "seed \(seed)")
        #expect(preview.changed == changed, "seed \(seed)")
    }

    @Test(arguments: 0..<Effort.histories)
    func `flows that would change are those whose verdicts differ`(_ number: Int) {
        let seed = UInt64(number) + 60_000
        var world = RandomWorld(seed: seed)
        let before = (0..<50).map { _ in world.update() }
        let changes = (0..<3).map { _ in world.update() }
        let change = WorldChange(before, before + changes, enforcesStaged: false)
        let flows = Array(Set((0..<200).map { _ in world.question().flow }))
        let seen = flows.map { SeenFlow($0, wasAllowed: true, age: 1) }
        let preview = FlowPreview(seen, change)
        let worlds = [change.before, change.after].map { ($0, Evaluator($0)) }
        let expected = flows.filter { flow in
            Self.verdict(flow, worlds[0].0, worlds[0].1)
                != Self.verdict(flow, worlds[1].0, worlds[1].1)
        }
        #expect(Set(preview.changes.map(\.flow)) == Set(expected), "seed \(seed)")
    }

    private static func update(_ world: inout RandomWorld, policiesOnly: Bool) -> Update {
        while true {
            let update = world.update()
            if case .policy = update { return update }
            if !policiesOnly { return update }
        }
    }

    private static func count(
        _ change: WorldChange,
        _ probes: [Probe]
    ) -> (pairs: Int, changed: Int) {
        let (old, new) = (Evaluator(change.before), Evaluator(change.after))
        var addresses: Set<Address> = []
        for case .workload(let node, let workload, let name) in change.after.endpoints.keys {
            let id = EndpointID.workload(node: node, workload: workload, endpoint: name)
            guard change.before.endpoints[id] != nil else { continue }
            addresses.formUnion(change.after.endpoints[id]?.addresses ?? [])
        }
        var (pairs, changed) = (0, 0)
        for source in addresses {
            for destination in addresses
            where source != destination && source.family == destination.family {
                for flow in probes.compactMap({ $0.flow(source, destination) }) {
                    pairs += 1
                    let before = verdict(flow, change.before, old)
                    let after = verdict(flow, change.after, new, change.enforcesStaged)
                    if before != after { changed += 1 }
                }
            }
        }
        return (pairs, changed)
    }

    /// Allowed at both ends, as far as they are workloads.
    private static func verdict(
        _ flow: Flow,
        _ world: PolicyWorld,
        _ evaluator: Evaluator,
        _ enforcesStaged: Bool = false
    ) -> Bool {
        let ends = [(flow.source, Direction.egress), (flow.destination, .ingress)]
        return ends.allSatisfy { address, direction in
            let owner = evaluator.endpoints(owning: address).first { id in
                if case .workload = id { true } else { false }
            }
            guard let owner else { return true }
            let judgement =
                enforcesStaged
                ? evaluator.judgeStaged(flow, at: owner, direction)
                : evaluator.judge(flow, at: owner, direction)
            return judgement.isAllowed
        }
    }
}
