import BPFSupport
import Model

/// What the first packet of a flow costs: policy by tables, routing, the new entry.
///
/// New flows, run by the thousand under two sets of policies in turns. How many remote ends take turns decides what the caches hold: 16 are a pod's usual peers, 1,000
/// bring each look-up to memory.
struct FirstPacketBench {
    private static let usualEnds = 16
    private static let manyEnds = 1000
    /// New flows in one call.
    private static let batch = 2048
    /// Calls of one flow each, with whatever the system calls between them left in the caches.
    private static let singles = 300

    let rounds: Int

    private enum Way {
        case batch
        case single
    }

    func run() throws -> [Row] {
        progress("first packet: compiling 10,000 rules, twice")
        let few = try PolicyWorld(PolicySet(count: 1))
        let many = try PolicyWorld(PolicySet(count: 1000))
        var rows = try PolicyWorld.Path.allCases.flatMap { path in
            try judged("first packet, \(path.rawValue)", path, few, many, Self.usualEnds)
        }
        rows += try judged(
            "first packet of 1,000 remotes, \(PolicyWorld.Path.leavingTCP.rawValue)",
            .leavingTCP,
            few,
            many,
            Self.manyEnds
        )
        let cold = try medians([few, many], .leavingTCP, Self.usualEnds, .single)
        rows += told("first packet, one a call", cold, "10,000 rules")
        let bitmaps = try PolicyWorld(PolicySet(count: 1000, portCount: 16))
        let fallback = try medians([few, bitmaps], .leavingTCP, Self.usualEnds, .batch)
        return rows + told("first packet, by bitmaps", fallback, "10,000 rules, 20 port groups")
    }

    private func judged(
        _ name: String,
        _ path: PolicyWorld.Path,
        _ few: PolicyWorld,
        _ many: PolicyWorld,
        _ ends: Int
    ) throws -> [Row] {
        let medians = try medians([few, many], path, ends, .batch)
        return [
            .limit("\(name), 10 rules", medians[0], atMost: 1000, "ns"),
            .ratio("\(name), 10,000 rules", medians[1], "10 rules", medians[0], atMost: 1.15, "ns"),
        ]
    }

    private func told(_ name: String, _ medians: [Double], _ what: String) -> [Row] {
        [
            .ratio(
                "\(name), \(what)",
                medians[1],
                "10 rules",
                medians[0],
                atMost: .infinity,
                "ns"
            )
        ]
    }

    /// The median of all rounds for each world, the worlds in turns.
    private func medians(
        _ worlds: [PolicyWorld],
        _ path: PolicyWorld.Path,
        _ ends: Int,
        _ way: Way
    ) throws -> [Double] {
        let flows = try worlds.map { try $0.flows(path, ends: ends) }
        var samples = flows.map { _ in [Double]() }
        for _ in 0..<rounds {
            for (index, flows) in flows.enumerated() {
                samples[index].append(try sample(flows, way))
            }
        }
        return samples.map(\.median)
    }

    private func sample(_ flows: NewFlows, _ way: Way) throws -> Double {
        switch way {
        case .batch:
            let empty = try flows.measureEmpty(Self.batch)
            return try flows.measure(Self.batch) - empty
        case .single:
            let empty = try (0..<Self.singles).map { _ in try flows.measureEmpty(1) }
            let tested = try (0..<Self.singles).map { _ in try flows.measure(1) }
            return tested.median - empty.median
        }
    }
}
