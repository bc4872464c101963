import CLibBPF
import Linux

/// What the process may do with BPF.
package enum Capability {
    /// Makes a map and loads a program, and throws what the kernel said when it may not.
    package static func check() throws(BPFError) {
        let map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, nil)
        _ = Descriptor(owning: try BPF.check(map, "make", "a BPF map"))
        _ = try Program(empty: "a tc program")
    }
}
