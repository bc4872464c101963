import CLibBPF
import Glibc
import Linux

/// A program on an interface's clsact qdisc, for kernels before TCX.
///
/// It stays when the process ends, and goes with the interface.
package struct ClassicFilter: Hashable, Sendable {
    package let ifindex: UInt32
    package let hook: Hook

    /// Ours among the filters of an interface, so that a restart replaces instead of adding.
    private static let handle: UInt32 = 1
    private static let priority: UInt32 = 1

    /// Names a place; nothing is attached yet.
    package init(ifindex: UInt32, _ hook: Hook) {
        self.ifindex = ifindex
        self.hook = hook
    }

    /// Both option structs end with four bytes of padding.
    ///
    /// Swift leaves padding as it happens to be, and libbpf refuses what is not zero in bytes that
    /// it does not know.
    private static let padding = 4

    private var object: String { "interface \(ifindex)" }

    private var point: bpf_tc_hook {
        var point = bpf_tc_hook()
        point.sz = MemoryLayout<bpf_tc_hook>.size - Self.padding
        point.ifindex = Int32(ifindex)
        point.attach_point = hook == .ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS
        return point
    }

    private func options() -> bpf_tc_opts {
        var options = bpf_tc_opts()
        options.sz = MemoryLayout<bpf_tc_opts>.size - Self.padding
        options.handle = Self.handle
        options.priority = Self.priority
        return options
    }

    /// Attaches `program`, in place of the one that is there; makes the qdisc when it is missing.
    package func attach(_ program: borrowing Program) throws(BPFError) {
        var point = point
        let made = LibBPFLog.capture { bpf_tc_hook_create(&point) }.result
        if made != -EEXIST { try check(made, "add clsact to", object) }
        var options = options()
        options.flags = BPF_TC_F_REPLACE.rawValue
        let result = program.descriptor.withRaw { raw in
            options.prog_fd = raw
            return LibBPFLog.capture { bpf_tc_attach(&point, &options) }.result
        }
        try check(result, "attach \(program.name) to", object)
    }

    /// Takes the program off; `false` when none was there.
    @discardableResult
    package func detach() throws(BPFError) -> Bool {
        var point = point
        var options = options()
        let result = LibBPFLog.capture { bpf_tc_detach(&point, &options) }.result
        if result == -ENOENT || result == -EINVAL { return false }
        try check(result, "detach from", object)
        return true
    }

    /// Id of the program that is there, `nil` when there is none.
    package func programID() throws(BPFError) -> UInt32? {
        var point = point
        var options = options()
        let result = LibBPFLog.capture { bpf_tc_query(&point, &options) }.result
        if result == -ENOENT || result == -EINVAL { return nil }
        try check(result, "query", object)
        return options.prog_id
    }
}
