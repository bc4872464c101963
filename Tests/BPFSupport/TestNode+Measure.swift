import BPF
import Linux

extension TestNode {
    /// Nanoseconds a run: the median of `runs` calls of `count` repetitions each.
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
            try Self.median(of: runs) { () throws(BPFError) in
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
            try Self.median(of: runs) { () throws(BPFError) in
                try empty.run(on: packet, as: context, repeating: count)
            }
        }
    }

    /// The middle one: a call that other work on the machine interrupts says nothing of the program.
    private static func median(
        of runs: Int,
        _ body: () throws(BPFError) -> RunResult
    ) throws(BPFError) -> Double {
        var durations: [UInt32] = []
        for _ in 0..<runs { durations.append(try body().duration) }
        return Double(durations.sorted()[runs / 2])
    }
}
