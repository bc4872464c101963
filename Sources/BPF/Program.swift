import CLibBPF
import Glibc
import Linux

/// A loaded program; holds a descriptor of its own, so that it may outlive its object.
package struct Program: ~Copyable, Sendable {
    package let name: String
    let descriptor: Descriptor

    /// Shares a program of a loaded object.
    package init(_ program: OpaquePointer) throws(BPFError) {
        // The descriptor first: see Link.init(attaching:to:_:).
        let name = String(cString: bpf_program__name(program))
        let raw = try wrapping("share program", name) { () throws(LinuxError) in
            try call("dup") { fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0) }
        }
        let program = Descriptor(owning: raw)
        self.name = name
        descriptor = program
    }

    /// Opens the program pinned at `path`.
    ///
    /// The corresponding C function is `bpf_obj_get`.
    package init(pinned path: String) throws(BPFError) {
        let program = Descriptor(owning: try check(bpf_obj_get(path), "open pinned program", path))
        name = path
        descriptor = program
    }

    /// A tc program that only lets packets pass, to probe the kernel and to measure against.
    package init(empty name: String) throws(BPFError) {
        let program = Descriptor(owning: try check(shim_load_empty(), "load program", name))
        self.name = name
        descriptor = program
    }

    /// What the kernel knows a program by.
    package struct Identity: Hashable, Sendable {
        /// Unique while the program is loaded.
        package let id: UInt32
        /// A digest of the instructions: equal for equal code (Linux 4.13).
        package let tag: String
        /// Instructions that the verifier walked through (Linux 5.16), 0 before.
        package let verifiedInstructions: Int
    }

    /// Asks the kernel about the program.
    package func identity() throws(BPFError) -> Identity {
        var info = bpf_prog_info()
        var size = UInt32(MemoryLayout<bpf_prog_info>.size)
        let result = descriptor.withRaw { bpf_obj_get_info_by_fd($0, &info, &size) }
        try check(result, "inspect program", name)
        let tag = withUnsafeBytes(of: info.tag) { bytes in
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        return Identity(
            id: info.id,
            tag: tag,
            verifiedInstructions: Int(info.verified_insns)
        )
    }

    /// Makes the program outlive the process at `path` in a BPF file system.
    package func pin(at path: String) throws(BPFError) {
        try check(descriptor.withRaw { bpf_obj_pin($0, path) }, "pin program \(name) at", path)
    }
}
