import CLibBPF
import Glibc
import Linux

/// A program that the kernel runs on every entry of a map: an iterator (Linux 5.9).
///
/// What the program writes with `bpf_seq_write` comes out as records.
package struct MapWalk: ~Copyable, Sendable {
    private let object: String
    private let link: Descriptor

    /// Binds a loaded program of kind `iter/bpf_map_elem` to a map.
    package init<Key, Value>(
        _ program: borrowing Program,
        over map: borrowing Map<Key, Value>
    ) throws(BPFError) {
        // Nothing is set before all that may throw: see Link.init(attaching:to:_:).
        let object = "\(program.name) over \(map.name)"
        let raw = program.descriptor.withRaw { program in
            map.descriptor.withRaw { shim_iterate_map(program, $0) }
        }
        let link = Descriptor(owning: try check(raw, "attach", object))
        self.object = object
        self.link = link
    }

    /// Walks over the whole map once.
    package func run<Record: BitwiseCopyable>(
        _ type: Record.Type
    ) throws(BPFError) -> [Record] {
        let raw = link.withRaw { bpf_iter_create($0) }
        let iterator = Descriptor(owning: try check(raw, "iterate", object))
        let size = MemoryLayout<Record>.size
        var bytes = [UInt8](repeating: 0, count: size * 1024)
        var pending = 0
        var records: [Record] = []
        while true {
            let count = iterator.withRaw { iterator in
                bytes.withUnsafeMutableBytes { room in
                    read(iterator, room.baseAddress?.advanced(by: pending), room.count - pending)
                }
            }
            let number = errno
            // After a million entries with nothing to tell the kernel takes a breath.
            if count < 0, number == EAGAIN || number == EINTR { continue }
            guard count >= 0 else {
                throw BPFError(operation: "iterate", object: object, errno: number)
            }
            guard count > 0 else { return records }
            pending += count
            let whole = pending / size * size
            bytes.withUnsafeBytes { bytes in
                for offset in stride(from: 0, to: whole, by: size) {
                    records.append(bytes.loadUnaligned(fromByteOffset: offset, as: type))
                }
            }
            bytes.replaceSubrange(0..<pending - whole, with: Array(bytes[whole..<pending]))
            pending -= whole
        }
    }
}
