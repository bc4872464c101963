import BPF
import CBPFABI
import CBPFBench
import Linux
package import Model
import Synchronization

/// New flows by the thousand: each run of a program under test meets the first packet of another one
/// (`bpf/test/flows.bpf.c`).
package final class NewFlows {
    private let node: TestNode
    private let place: Place
    private let packet: [UInt8]
    private let object: Object<flows>
    private let tested: Program
    private let empty: Program
    /// Runs of all flows of this process: no two get the same number.
    private static let runs = Atomic<UInt32>(0)

    /// Flows at `place` that look like `packet` but for their ends, which come round and round, each
    /// time with another source port.
    package init(
        _ node: TestNode,
        at place: Place,
        like packet: PacketBuilder,
        _ ends: [(source: Address, destination: Address, port: UInt16)]
    ) throws {
        self.node = node
        self.place = place
        self.packet = packet.bytes
        object = try Object(
            "flows",
            flows__open(),
            { $0.pointee.obj },
            flows__load,
            flows__destroy
        )
        try object.load()
        tested = try Program(try unwrap(object.skeleton.pointee.progs.flows_tested, "program"))
        empty = try Program(try unwrap(object.skeleton.pointee.progs.flows_empty, "program"))
        let maps = object.skeleton.pointee.maps
        let table = try Map<UInt32, flows_ends>(try unwrap(maps.flows_table, "map"))
        for number in 0..<Int(FLOWS_MAX) {
            let flow = ends[number % ends.count]
            let value = flows_ends(
                src: flow.source.key,
                dst: flow.destination.key,
                dport: flow.port.bigEndian,
                pad: (0, 0, 0, 0, 0, 0)
            )
            try table.set(UInt32(number), to: value)
        }
        let targets = try Map<UInt32, UInt32>(try unwrap(maps.flows_targets, "map"))
        try node.withProgram(at: place) { program throws(BPFError) in
            try targets.set(FLOWS_TESTED.rawValue, to: program)
        }
        try targets.set(FLOWS_EMPTY.rawValue, to: try Program(empty: "empty"))
    }

    /// Nanoseconds a flow, over `count` new flows in one call; every one must be let through.
    package func measure(_ count: Int) throws -> Double {
        let before = try node.refusals()
        let result = try run(tested, count)
        let refused = try node.refusals() - before
        guard refused == 0, Outcome.Action(result.action) == .redirect else {
            throw MissingFixture(
                description: "way through: \(refused) of \(count) flows at \(place) refused, "
                    + "the last one's action \(result.action)"
            )
        }
        return Double(result.duration)
    }

    /// The same of a program that only returns.
    package func measureEmpty(_ count: Int) throws -> Double {
        Double(try run(empty, count).duration)
    }

    private func run(_ program: borrowing Program, _ count: Int) throws -> RunResult {
        let start = Self.runs.wrappingAdd(UInt32(count), ordering: .relaxed).oldValue
        try unwrap(object.skeleton.pointee.bss, "bss").pointee.flows_run = start
        let context = node.context(of: place, 0)
        return try node.topology.namespaces.node.run {
            try program.run(on: packet, as: context, repeating: count)
        }
    }
}

extension TestNode {
    /// Packets dropped so far, for whatever reason.
    fileprivate func refusals() throws -> UInt64 {
        let reasons = CARA_DROP_MALFORMED.rawValue..<CARA_REASON_COUNT.rawValue
        return try reasons.map { try maps.count(cara_reason(rawValue: $0)) }.reduce(0, +)
    }
}
