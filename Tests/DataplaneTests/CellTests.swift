import CBPFABI
import Compile
import Model
import Support
import Testing

@testable import Dataplane

/// `cara_cells` never says another class than the prefixes do, whatever became of them before.
@Suite
struct CellTests {
    /// What the programs do with the maps, see bpf/lib/classes.h; `nil` asks the trie.
    private static func look(_ address: Address, _ maps: MemoryMaps) throws -> UInt32? {
        let family: UInt32 = address.isV4 ? 0 : 1
        let depths = try maps.value(of: family, in: Maps.depths) ?? 0
        for depth in (0..<16).reversed() where depths >> UInt32(depth) & 1 != 0 {
            let node = address.masked(mappedLength: 8 * depth)
            let key = cara_cells_key(addr: cara_addr(node), depth: UInt32(depth))
            guard let entry = try maps.value(of: key, in: Maps.cells) else { continue }
            let cell = Int(address.bytes[depth])
            let isSet = withUnsafeBytes(of: entry.cell) { bytes in
                bytes.load(fromByteOffset: cell / 32 * 4, as: UInt32.self) >> UInt32(cell % 32) & 1
            }
            if isSet != 0 { return entry.class_id }
            if entry.flags & CARA_CELLS_MIXED.rawValue != 0 { return nil }
        }
        return nil
    }

    private static func longest(_ address: Address, _ classes: [Prefix: UInt32]) -> UInt32? {
        classes.filter { $0.key.contains(address) }.max { $0.key.length < $1.key.length }?.value
    }

    /// Prefixes that lie over each other, of both families.
    private static func prefix(_ random: inout SeededRandom) -> Prefix {
        let isV4 = random.oneIn(2)
        let length = Int.random(in: 0...(isV4 ? 32 : 128), using: &random)
        let address = address(isV4, &random)
        return Prefix(address, length: length) ?? Prefix(address)
    }

    private static func address(_ isV4: Bool, _ random: inout SeededRandom) -> Address {
        let bytes = (0..<4).map { _ in random.pick([UInt64(0), 1, 127, 128, 255]) }
        guard !isV4 else {
            return Address(v4: UInt32(0x0a00_0000 | bytes[0] << 16 | bytes[1] << 8 | bytes[2]))
        }
        return Address(
            high: 0x2001_0000_0000_0000 | bytes[0] << 40 | bytes[1] << 8,
            low: bytes[2] << 56 | bytes[3]
        )
    }

    @Test("after any changes cells say what the longest prefix says", arguments: 0..<40)
    func agreement(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let maps = MemoryMaps()
        var reconciler = try Reconciler.withUntracked(maps)
        var classes: [Prefix: UInt32] = [:]
        for _ in 0..<12 {
            var change = DataplaneChange()
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let prefix = Self.prefix(&random)
                let label: UInt32? = random.oneIn(3) ? nil : random.pick([1, 2, 3])
                guard label != nil || classes[prefix] != nil else { continue }
                change.classes[prefix] = .some(label)
                classes[prefix] = label
            }
            _ = try reconciler.apply(change)
            #expect(reconciler.cells.isOn == !classes.isEmpty)
            for _ in 0..<200 {
                let address = Self.address(random.oneIn(2), &random)
                guard let label = try Self.look(address, maps) else { continue }
                #expect(label == Self.longest(address, classes), "\(address) in \(classes)")
            }
            let whole = ClassCells.entries(classes).entries
            #expect(maps.count(.cells) == whole.count)
            for entry in whole {
                let held = try #require(try maps.value(of: entry.key, in: Maps.cells))
                #expect(sameBytes(held, entry.value))
            }
        }
    }

    @Test("an address of a list of one class is told at once")
    func told() throws {
        let maps = MemoryMaps()
        var reconciler = try Reconciler.withUntracked(maps)
        var change = DataplaneChange()
        change.classes = [.v4(0x0100_0000, 20): 5, .v4(0x0200_0001): 5, .v4(0x0300_0000, 24): 5]
        _ = try reconciler.apply(change)
        for address: UInt32 in [0x0100_0fff, 0x0200_0001, 0x0300_00ff] {
            #expect(try Self.look(Address(v4: address), maps) == 5)
        }
        for address: UInt32 in [0x0100_1000, 0x0200_0002, 0x0300_0100] {
            #expect(try Self.look(Address(v4: address), maps) == nil)
        }
    }

    @Test("without room cells are given up, and with them nothing but speed")
    func full() throws {
        let maps = MemoryMaps()
        maps.limits[.cells] = 2
        var reconciler = try Reconciler.withUntracked(maps)
        var change = DataplaneChange()
        for index in UInt32(0)..<4 { change.classes[.v4(index << 16)] = 5 }
        _ = try reconciler.apply(change)
        #expect(!reconciler.cells.isOn)
        #expect(reconciler.cells.problem != nil)
        #expect(maps.count(.cells) == 0)
        #expect(maps.count(.classes) == 4)
        #expect(try maps.value(of: 0, in: Maps.depths) ?? 0 == 0)
    }

    @Test("what an agent before this one left is taken over or goes")
    func restart() throws {
        let maps = MemoryMaps()
        var change = DataplaneChange()
        change.classes = [.v4(0x0100_0000, 20): 5, .v4(0x0200_0001): 5]
        var first = try Reconciler.withUntracked(maps)
        _ = try first.apply(change)
        change.classes[.v4(0x0200_0001)] = .some(nil)
        change.classes[.v4(0x0200_0101)] = 6
        var second = try Reconciler.withUntracked(maps)
        _ = try second.apply(change)
        #expect(try Self.look(Address(v4: 0x0200_0001), maps) == nil)
        #expect(try Self.look(Address(v4: 0x0200_0101), maps) == 6)
        #expect(try Self.look(Address(v4: 0x0100_0001), maps) == 5)

        var third = try Reconciler(maps: maps)
        _ = try third.apply(change)
        #expect(maps.count(.cells) == 0)
    }
}

extension Reconciler {
    /// One with a host endpoint that has doNotTrack policy, and cells for the shortest list.
    fileprivate static func withUntracked(_ maps: MemoryMaps) throws -> Reconciler {
        var reconciler = try Reconciler(maps: maps)
        reconciler.cells.minimum = 1
        reconciler.hosts.register(.edge)
        var change = DataplaneChange()
        change.hosts[Endpoint.edge.id] = .some(HostPrograms())
        _ = try reconciler.apply(change)
        return reconciler
    }
}

extension Endpoint {
    /// The host endpoint of every interface.
    fileprivate static let edge = Endpoint(
        id: .host(node: "n1", name: "edge"),
        addresses: [],
        interface: "*"
    )
}
