import BPF
import Linux

extension TestNode {
    /// Nanoseconds a run: the mean over `runs` calls of `count` repetitions each.
    ///
    /// The packet is fresh in every call.
    package func measure(
        _ place: Place,
        _ packet: [UInt8],
        repeating count: Int,
        runs: Int
    ) throws -> Double {
        let context = context(of: place, 0)
        return try topology.namespaces.node.run {
            try Self.mean(runs) { () throws(BPFError) in
                try withProgram(at: place) { program throws(BPFError) in
                    try program.run(on: packet, as: context, repeating: count)
                }
            }
        }
    }

    /// The same of a program that only returns.
    package func measureEmpty(
        _ packet: [UInt8],
        repeating count: Int,
        runs: Int
    ) throws -> Double {
        let empty = try Program(empty: "empty")
        let context = RunContext(ifindex: topology.eth0.ifindex)
        return try topology.namespaces.node.run {
            try Self.mean(runs) { () throws(BPFError) in
                try empty.run(on: packet, as: context, repeating: count)
            }
        }
    }

    private static func mean(
        _ runs: Int,
        _ body: () throws(BPFError) -> RunResult
    ) throws(BPFError) -> Double {
        var total = 0.0
        for _ in 0..<runs { total += Double(try body().duration) }
        return total / Double(runs)
    }
}
