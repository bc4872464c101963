import CLibBPF
import Glibc
import Linux

/// A reader of a BPF ring buffer whose records are `Record`s; longer ones are cut, shorter ones
/// counted and left out.
package final class Ring<Record: BitwiseCopyable> {
    private let name: String
    private let inbox = Inbox()
    private let descriptor: Descriptor
    private let ring: OpaquePointer

    /// Where the callback from C leaves what it finds.
    private final class Inbox: Receiver {
        var records: [Record] = []
        var malformed = 0

        override func take(_ data: UnsafeMutableRawPointer, _ size: Int) {
            if size >= MemoryLayout<Record>.size {
                records.append(data.loadUnaligned(as: Record.self))
            } else {
                malformed += 1
            }
        }
    }

    /// Reads the ring buffer of a loaded object.
    package convenience init(_ map: OpaquePointer) throws(BPFError) {
        let name = String(cString: bpf_map__name(map))
        let raw = try wrapping("share map", name) { () throws(LinuxError) in
            try call("dup") { fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 0) }
        }
        try self.init(owning: Descriptor(owning: raw), name: name)
    }

    /// Reads the ring buffer pinned at `path`.
    package convenience init(pinned path: String) throws(BPFError) {
        let raw = try check(bpf_obj_get(path), "open pinned map", path)
        try self.init(owning: Descriptor(owning: raw), name: path)
    }

    private init(owning descriptor: consuming Descriptor, name: String) throws(BPFError) {
        let context = Unmanaged.passUnretained(inbox).toOpaque()
        let ring = descriptor.withRaw { raw in
            LibBPFLog.capture { ring_buffer__new(raw, Self.receive, context, nil) }.result
        }
        guard let ring else {
            throw BPFError(operation: "read ring buffer", object: name, errno: errno)
        }
        self.name = name
        self.descriptor = descriptor
        self.ring = ring
    }

    private static var receive: ring_buffer_sample_fn {
        { context, data, size in
            guard let context, let data else { return 0 }
            let inbox = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
            inbox.take(data, size)
            return 0
        }
    }

    deinit {
        ring_buffer__free(ring)
    }

    /// Becomes readable when there are records; for epoll.
    ///
    /// Valid as long as the reader.
    package var pollDescriptor: Int32 { ring_buffer__epoll_fd(ring) }

    /// Takes all records that are there now; never waits.
    package func drain() throws(BPFError) -> [Record] {
        try check(ring_buffer__consume(ring), "read ring buffer", name)
        defer { inbox.records.removeAll(keepingCapacity: true) }
        return inbox.records
    }

    /// Records that were too short to be read.
    package var malformedCount: Int { inbox.malformed }
}

/// What a callback from C can name without knowing the type of the records.
private class Receiver {
    func take(_ data: UnsafeMutableRawPointer, _ size: Int) {}
}
