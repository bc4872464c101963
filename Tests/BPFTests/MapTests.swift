import BPF
import BPFSupport
import CBPFABI
import CBPFPrograms
import Glibc
import Testing

extension Packets {
    /// Maps as Swift sees them.
    @Suite
    struct Maps {
        @Test("what was set is got, and no longer after it was deleted")
        func roundTrip() throws {
            let maps = try TestNode().maps
            #expect(try maps.programs.get(7) == nil)
            let program = cara_program(
                flags: 1,
                default_group: 2,
                default_port_group: 3,
                default_rule: 0
            )
            try maps.programs.set(7, to: program)
            #expect(try maps.programs.get(7)?.default_group == 2)
            #expect(try maps.programs.delete(7))
            #expect(try !maps.programs.delete(7), "it was gone already")
            #expect(try maps.programs.get(7) == nil)
        }

        @Test("a conditional write says why it was refused")
        func conditional() throws {
            let maps = try TestNode().maps
            try maps.programs.set(7, to: cara_program(), .ifAbsent)
            let exists = try #require(throws: BPFError.self) {
                try maps.programs.set(7, to: cara_program(), .ifAbsent)
            }
            #expect(exists.errno == EEXIST)
            #expect(exists.object == "cara_programs")
            #expect(throws: BPFError.self) {
                try maps.programs.set(8, to: cara_program(), .ifPresent)
            }
        }

        @Test("a full map is an error that names it")
        func full() throws {
            let maps = try TestNode().maps
            let error = try #require(throws: BPFError.self) {
                for number in 0..<UInt32(5000) { try maps.programs.set(number, to: cara_program()) }
            }
            #expect(error.errno == E2BIG)
            #expect(error.description.contains("cara_programs"))
        }

        @Test("all entries of a hash come in batches", arguments: [0, 1, 100, 4000])
        func hashEntries(_ count: Int) throws {
            let maps = try TestNode().maps
            let keys = (0..<UInt32(count)).map {
                cara_verdict_key(program: 16, group: $0, port_group: 0, sport_group: 0)
            }
            let values = keys.map {
                cara_verdict(rule: $0.group, log_rule: 0, action: 1, pad: (0, 0, 0))
            }
            try maps.verdicts.set(keys, to: values)
            let entries = try maps.verdicts.entries()
            #expect(entries.count == count)
            #expect(entries.allSatisfy { $0.key.group == $0.value.rule })
            #expect(Set(entries.map(\.key.group)).count == count)
            let present = keys.enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
            try maps.verdicts.delete(present)
            try maps.verdicts.delete(keys.prefix(1) + keys + keys.prefix(1))
            #expect(try maps.verdicts.entries().isEmpty)
        }

        @Test("all entries of a trie come one by one", arguments: [0, 1, 100])
        func trieEntries(_ count: Int) throws {
            let maps = try TestNode().maps
            for number in 0..<UInt32(count) {
                var key = cara_class_key(prefixlen: 128, addr: cara_addr())
                key.addr.word.3 = number.bigEndian
                try maps.classes.set(key, to: number)
            }
            let entries = try maps.classes.entries()
            #expect(Set(entries.map(\.value)) == Set(0..<UInt32(count)))
        }

        @Test("a per-CPU map has a value for each CPU")
        func perCPU() throws {
            let node = try TestNode()
            let arp = PacketBuilder.ethernet(type: 0x0806).payload(count: 46)
            for _ in 0..<3 { _ = try node.run(.fromWorkload(.a), arp.bytes) }
            #expect(try node.maps.counters.perCPU(CARA_PASS_NOT_IP.rawValue).reduce(0, +) == 3)
        }

        @Test("a map of other types is refused")
        func wrongTypes() throws {
            let object = try loaded()
            let raw = try unwrap(object.skeleton.pointee.maps.cara_locals, "map")
            let error = try #require(throws: BPFError.self) { _ = try Map<UInt64, UInt32>(raw) }
            #expect(error.detail.contains("key 16"))
        }
    }
}

/// The workload programs, loaded over small maps.
func loaded(
    prepare: (borrowing Object<workload>) throws -> Void = { _ in }
) throws -> Object<workload> {
    let object = try Object(
        "workload",
        workload__open(),
        { $0.pointee.obj },
        workload__load,
        workload__destroy
    )
    try object.shrink()
    try prepare(object)
    try object.load()
    return object
}
