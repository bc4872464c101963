import BPF
import BPFSupport
import CBPFABI
import CBPFPrograms
import Glibc
import Testing

/// A folder in a BPF file system of its own, gone when the test ends.
private final class PinFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/caracal-pins-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer {
            $0.baseAddress.flatMap { mkdtemp($0) }
        }
        path = String(cString: try unwrap(made, "temporary folder"))
        try FileSystem.mountIfMissing(at: path)
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}

extension Packets {
    /// What outlives a process, and how the next one takes it over.
    @Suite
    struct Pins {
        @Test("the file system is mounted once")
        func mount() throws {
            let folder = try PinFolder()
            #expect(FileSystem.isMounted(at: folder.path))
            #expect(try !FileSystem.mountIfMissing(at: folder.path), "it is there already")
            #expect(!FileSystem.isMounted(at: "/tmp"))
        }

        @Test("a second object finds the first one's maps with what is in them")
        func reuse() throws {
            let folder = try PinFolder()
            let first = try loaded { try $0.reusePins(in: folder.path) }
            let path = "\(folder.path)/cara_programs"
            try Map<UInt32, cara_program>(pinned: path).set(7, to: cara_program())
            _ = consume first
            let second = try loaded { try $0.reusePins(in: folder.path) }
            let map = try unwrap(second.skeleton.pointee.maps.cara_programs, "map")
            #expect(try Map<UInt32, cara_program>(map).get(7) != nil)
        }

        @Test("a pinned map of another shape is an error that says what to do")
        func mismatch() throws {
            let folder = try PinFolder()
            _ = try loaded { try $0.reusePins(in: folder.path) }
            let error = try #require(throws: BPFError.self) {
                _ = try loaded { object in
                    let map = try unwrap(object.skeleton.pointee.maps.cara_conns, "map")
                    try object.setMaxEntries(of: map, to: 1000)
                    try object.reusePins(in: folder.path)
                }
            }
            #expect(error.object == "\(folder.path)/cara_conns")
            #expect(error.detail.contains("max entries is 4096, needed is 1000"))
            #expect(error.detail.contains("remove"))
        }

        @Test("a map that grows on demand keeps the size that it was made with")
        func otherSize() throws {
            let folder = try PinFolder()
            let first = try loaded { object in
                let map = try unwrap(object.skeleton.pointee.maps.cara_classes, "map")
                try object.setMaxEntries(of: map, to: 1000)
                try object.reusePins(in: folder.path)
            }
            _ = consume first
            let second = try loaded { try $0.reusePins(in: folder.path) }
            let map = try unwrap(second.skeleton.pointee.maps.cara_classes, "map")
            #expect(try Map<cara_class_key, UInt32>(map).info.maxEntries == 1000)
        }

        @Test(
            "a pinned map whose values have grown since is replaced by one that holds its entries"
        )
        func outgrown() throws {
            let folder = try PinFolder()
            let path = "\(folder.path)/cara_conns"
            let key = cara_conn_key(6, .podA, 4000, .podC, 80)
            let size = MemoryLayout<cara_conn>.size - 8
            try pinMap(
                at: path,
                entries: 4096,
                key: withUnsafeBytes(of: key) { Array($0) },
                value: (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            )
            var outgrown: [OutgrownMap] = []
            let second = try loaded { outgrown = try $0.reusePins(in: folder.path) }
            try OutgrownMap.move(outgrown)
            let map = try Map<cara_conn_key, cara_conn>(pinned: path)
            let entry = try #require(try map.get(key))
            let bytes = withUnsafeBytes(of: entry) { Array($0) }
            #expect(bytes[..<size].elementsEqual((0..<size).map { UInt8(truncatingIfNeeded: $0) }))
            #expect(bytes[size...].allSatisfy { $0 == 0 })
            // What the programs know is what is pinned.
            let own = try unwrap(second.skeleton.pointee.maps.cara_conns, "map")
            #expect(try Map<cara_conn_key, cara_conn>(own).get(key) != nil)
            #expect(outgrown.count == 1)
        }

        @Test("connections that the old programs enter meanwhile follow")
        func catchingUp() throws {
            let folder = try PinFolder()
            let path = "\(folder.path)/cara_conns"
            let size = MemoryLayout<cara_conn>.size - 8
            let keys = [4000, 4001].map { cara_conn_key(6, .podA, $0, .podC, 80) }
            let bytes = keys.map { key in withUnsafeBytes(of: key) { Array($0) } }
            let value = [UInt8](repeating: 1, count: size)
            let old = try pinMap(at: path, entries: 4096, key: bytes[0], value: value)
            var outgrown: [OutgrownMap] = []
            let object = try loaded { outgrown = try $0.reusePins(in: folder.path) }
            try OutgrownMap.move(outgrown)
            try old.set(bytes[1], value)
            let map = try Map<cara_conn_key, cara_conn>(pinned: path)
            var newer = try #require(try map.get(keys[0]))
            newer.seen = 77
            try map.set(keys[0], to: newer)
            for map in outgrown { try map.catchUp() }
            #expect(try map.get(keys[1]) != nil)
            #expect(try map.get(keys[0])?.seen == 77, "what the new programs wrote stays")
            _ = consume object
        }

        @Test("a pinned array of fewer entries is replaced by one that begins with them")
        func moreEntries() throws {
            let folder = try PinFolder()
            let path = "\(folder.path)/cara_gens"
            try pinMap(
                at: path,
                kind: .array,
                entries: 16,
                key: [3, 0, 0, 0],
                value: [9, 0, 0, 0]
            )
            var outgrown: [OutgrownMap] = []
            let object = try loaded { outgrown = try $0.reusePins(in: folder.path) }
            try OutgrownMap.move(outgrown)
            #expect(try Map<UInt32, UInt32>(pinned: path).get(3) == 9)
            _ = consume object
        }

        @Test("a map that is not there is an error that names the path")
        func absent() throws {
            let error = try #require(throws: BPFError.self) {
                _ = try Map<UInt32, cara_program>(pinned: "/tmp/no/such/map")
            }
            #expect(error.errno == ENOENT)
            #expect(error.description.contains("/tmp/no/such/map"))
        }

        @Test("a missing capability is named")
        func capability() {
            let error = BPFError(operation: "load program", object: "from_host", errno: EPERM)
            #expect(error.description.contains("CAP_BPF"))
            #expect(error.description.contains("CAP_NET_ADMIN"))
        }

        @Test("what we are allowed can be probed")
        func probe() throws { try Capability.check() }
    }

    /// Programs on interfaces.
    @Suite
    struct Attachments {
        @Test("a TCX link holds a program, takes another, and survives by its pin")
        func link() throws {
            guard try Link.isSupported() else { return }
            let folder = try PinFolder()
            let object = try loaded()
            let first = try Program(
                try unwrap(object.skeleton.pointee.progs.from_workload, "program")
            )
            let second = try Program(
                try unwrap(object.skeleton.pointee.progs.to_workload, "program")
            )
            let path = "\(folder.path)/link"
            try inNamespace { interface in
                let link = try Link(attaching: first, to: interface, .ingress)
                #expect(try link.state().programID == first.identity().id)
                #expect(try link.state().ifindex == interface)
                #expect(try link.state().hook == .ingress)
                try link.update(to: second)
                #expect(try link.state().programID == second.identity().id)
                try link.pin(at: path)
                _ = consume link
                let again = try Link(pinned: path)
                #expect(try again.state().programID == second.identity().id)
                try again.detach()
                #expect(try again.state().ifindex == 0)
            }
        }

        @Test("a link to an interface that is not there is an error that names both")
        func noInterface() throws {
            guard try Link.isSupported() else { return }
            let program = try Program(empty: "probe")
            let error = try #require(throws: BPFError.self) {
                _ = try Link(attaching: program, to: 99999, .egress)
            }
            #expect(error.errno == ENODEV)
            #expect(error.description.contains("99999"))
        }

        @Test(
            "clsact: attached, replaced, found again, detached",
            arguments: [Hook.ingress, .egress]
        )
        func classic(_ hook: Hook) throws {
            let first = try Program(empty: "first")
            let second = try Program(empty: "second")
            try inNamespace { interface in
                let filter = ClassicFilter(ifindex: interface, hook)
                #expect(try filter.programID() == nil)
                #expect(try !filter.detach())
                try filter.attach(first)
                #expect(try filter.programID() == first.identity().id)
                try filter.attach(second)
                #expect(try filter.programID() == second.identity().id)
                #expect(try filter.detach())
                #expect(try filter.programID() == nil)
            }
        }
    }
}
