import CLibBPF
import Linux

extension Program {
    /// Runs an XDP program on `count` frames, copies of `frame`, that go where it says: to interfaces
    /// of the calling thread's namespace, when it redirects them (Linux 5.18).
    ///
    /// Each run begins with `frame` if none before it has written to that buffer; what a `batch` of
    /// runs has redirected is sent at once.
    package func transmit(_ frame: [UInt8], count: Int, batch: Int = 64) throws(BPFError) {
        var context = xdp_md()
        context.data_end = UInt32(frame.count)
        var options = bpf_test_run_opts()
        options.sz = MemoryLayout<bpf_test_run_opts>.size
        options.repeat = Int32(count)
        options.flags = UInt32(BPF_F_TEST_XDP_LIVE_FRAMES)
        options.batch_size = UInt32(batch)
        options.ctx_size_in = UInt32(MemoryLayout<xdp_md>.size)
        let result = frame.withUnsafeBytes { frame in
            withUnsafePointer(to: &context) { context in
                options.ctx_in = UnsafeRawPointer(context)
                options.data_in = frame.baseAddress
                options.data_size_in = UInt32(frame.count)
                return descriptor.withRaw { bpf_prog_test_run_opts($0, &options) }
            }
        }
        try check(result, "transmit by program", name)
    }
}
