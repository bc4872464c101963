import CLibBPF
import Linux

/// What a program did with one packet.
package struct RunResult: Hashable, Sendable {
    package let action: Int32
    package let packet: [UInt8]
    /// Nanoseconds a run, averaged over the repetitions.
    package let duration: UInt32
}

/// Where a test packet seems to come from.
///
/// The corresponding C struct is `__sk_buff`.
package struct RunContext: Hashable, Sendable {
    /// Interface that the program is attached to, in the namespace of the calling thread.
    package var ifindex: UInt32 = 0
    /// Interface that the packet came in by; 0 for packets of the node itself.
    package var ingressIfindex: UInt32 = 0
    /// Size of a segment when the packet stands for several, 0 for a plain one.
    package var segmentSize: UInt32 = 0
    /// What the node has marked it with.
    package var mark: UInt32 = 0

    package init(
        ifindex: UInt32 = 0,
        ingressIfindex: UInt32 = 0,
        segmentSize: UInt32 = 0,
        mark: UInt32 = 0
    ) {
        self.ifindex = ifindex
        self.ingressIfindex = ingressIfindex
        self.segmentSize = segmentSize
        self.mark = mark
    }
}

extension Program {
    /// Runs the program on a copy of `packet` without attaching it to anything.
    ///
    /// With `repeating` above 1 each run sees what the one before left of the packet.
    package func run(
        on packet: [UInt8],
        as context: RunContext = RunContext(),
        repeating count: Int = 1
    ) throws(BPFError) -> RunResult {
        var buffer = __sk_buff()
        buffer.ifindex = context.ifindex
        buffer.ingress_ifindex = context.ingressIfindex
        buffer.mark = context.mark
        buffer.gso_size = context.segmentSize
        buffer.gso_segs = context.segmentSize == 0 ? 0 : 2
        return try run(on: packet, with: buffer, repeating: count)
    }

    /// Runs an XDP program on a copy of `packet`, as received by the loopback interface of the
    /// calling thread's namespace.
    package func runXDP(
        on packet: [UInt8],
        repeating count: Int = 1
    ) throws(BPFError) -> RunResult {
        var frame = xdp_md()
        frame.data_end = UInt32(packet.count)
        return try run(on: packet, with: frame, repeating: count)
    }

    private func run<Context>(
        on packet: [UInt8],
        with context: Context,
        repeating count: Int
    ) throws(BPFError) -> RunResult {
        var output = [UInt8](repeating: 0, count: packet.count + 256)
        var options = bpf_test_run_opts()
        options.sz = MemoryLayout<bpf_test_run_opts>.size
        options.repeat = Int32(count)
        options.ctx_size_in = UInt32(MemoryLayout<Context>.size)
        let result = packet.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                withUnsafePointer(to: context) { context in
                    options.ctx_in = UnsafeRawPointer(context)
                    options.data_in = input.baseAddress
                    options.data_size_in = UInt32(input.count)
                    options.data_out = output.baseAddress
                    options.data_size_out = UInt32(output.count)
                    return descriptor.withRaw { bpf_prog_test_run_opts($0, &options) }
                }
            }
        }
        try check(result, "run program", name)
        return RunResult(
            action: Int32(bitPattern: options.retval),
            packet: Array(output.prefix(Int(options.data_size_out))),
            duration: options.duration
        )
    }
}
