import Linux

// Arrays of programs, which bpf_tail_call jumps into.

extension Map where Key == UInt32, Value == UInt32 {
    /// Enters a program; the map keeps it alive.
    package func set(_ index: UInt32, to program: borrowing Program) throws(BPFError) {
        let raw = program.descriptor.withRaw { UInt32(bitPattern: $0) }
        try set(index, to: raw)
    }
}
