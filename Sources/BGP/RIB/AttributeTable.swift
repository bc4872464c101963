import BGPMessage
import Wire

/// What decisions need of a set of attributes, without reading it.
struct AttributeFacts {
    /// Marks that decide where a route may go.
    struct Marks: OptionSet {
        let rawValue: UInt16
        static let noExport = Marks(rawValue: 1)
        static let noAdvertise = Marks(rawValue: 2)
        static let longLivedStale = Marks(rawValue: 4)
        static let noLongLived = Marks(rawValue: 8)
        static let onlyToCustomer = Marks(rawValue: 16)
        static let originator = Marks(rawValue: 32)
        /// LOCAL_PREF is not only the default.
        static let localPreference = Marks(rawValue: 64)
    }

    var localPreference: UInt32
    /// 0 where there is none: the best (RFC 4271 §9.1.2.2 (c)).
    var multiExitDiscriminator: UInt32
    /// 0 for routes of our own AS.
    var neighbour: UInt32
    var originator: UInt32
    var hop: UInt32
    var pathLength: UInt16
    var clusterLength: UInt16
    var origin: UInt8
    var marks: Marks

    init(_ attributes: PathAttributes, hop: UInt32, defaultLocalPreference: UInt32) {
        localPreference = attributes.localPreference ?? defaultLocalPreference
        multiExitDiscriminator = attributes.multiExitDiscriminator ?? 0
        neighbour = attributes.asPath.neighbour ?? 0
        originator = attributes.originatorID ?? 0
        self.hop = hop
        pathLength = UInt16(clamping: attributes.asPath.length)
        clusterLength = UInt16(clamping: attributes.clusterList.count)
        origin = attributes.origin.rawValue
        marks = Marks(attributes)
    }
}

extension AttributeFacts.Marks {
    init(_ attributes: PathAttributes) {
        self = []
        if attributes.onlyToCustomer != nil { insert(.onlyToCustomer) }
        if attributes.originatorID != nil { insert(.originator) }
        if attributes.localPreference != nil { insert(.localPreference) }
        for community in attributes.communities where community.rawValue >> 16 == 0xffff {
            switch community {
            case .noExport, .noExportSubconfederation: insert(.noExport)
            case .noAdvertise: insert(.noAdvertise)
            case .longLivedStale: insert(.longLivedStale)
            case .noLongLived: insert(.noLongLived)
            default: break
            }
        }
    }
}

/// Sets of attributes with where they lead, each once and counted, kept as they go on the wire (with
/// 4-octet AS numbers and without next hop) one after the other in one array.
///
/// A set whose count falls to 0 is freed by `reap`, not before: until then its number stands for
/// nothing else.
struct AttributeTable {
    private(set) var facts: [AttributeFacts] = []
    private var offsets: [UInt32] = []
    private var lengths: [UInt16] = []
    private var references: [UInt32] = []
    private var hashes: [UInt32] = []
    private var arena: [UInt8] = []
    /// Bytes of `arena` that no set has any more.
    private var waste = 0
    /// Open addressing, a power of two of places, 0 for a free one.
    private var slots = [UInt32](repeating: 0, count: 64)
    private var live = 0
    private var free: [UInt32] = []
    private var dead: [UInt32] = []
    private var scratch = ByteWriter()

    var hops: HopTable
    private let defaultLocalPreference: UInt32
    private static let longest = 65_000
    private static let freed = UInt16.max

    init(_ configuration: RIBConfiguration) {
        hops = HopTable(assumesReachable: configuration.assumesReachable)
        defaultLocalPreference = configuration.defaultLocalPreference
        // Number 0 is no set.
        append(PathAttributes(), hop: 0, hash: 0)
        references[0] = 1
    }

    /// How many different sets there are.
    var count: Int { live }

    private mutating func append(_ attributes: PathAttributes, hop: UInt32, hash: UInt32) {
        facts.append(
            AttributeFacts(attributes, hop: hop, defaultLocalPreference: defaultLocalPreference)
        )
        offsets.append(UInt32(arena.count))
        lengths.append(0)
        references.append(0)
        hashes.append(hash)
    }
}

// MARK: Looking up

extension AttributeTable {
    /// The set as a value, with its next hop.
    func attributes(_ id: UInt32) -> PathAttributes {
        var attributes = PathAttributes(stored: bytes(id))
        attributes.nextHop = hops.hop(facts[Int(id)].hop).nextHop
        return attributes
    }

    /// The set as it goes on the wire.
    func bytes(_ id: UInt32) -> ArraySlice<UInt8> {
        let start = Int(offsets[Int(id)])
        return arena[start..<(start + Int(lengths[Int(id)]))]
    }

    /// IGP cost of where the set leads; `nil` if it cannot be reached.
    func cost(_ id: UInt32) -> UInt32? { hops.cost(facts[Int(id)].hop) }

    /// The number of a set, counted once more; 0 for one too long to keep.
    mutating func intern(_ attributes: PathAttributes, interface: String? = nil) -> UInt32 {
        let hop = hops.id(HopTable.Hop(nextHop: attributes.nextHop, interface: interface))
        scratch.removeAll()
        attributes.write(to: &scratch, MessageContext(), hasNLRI: false)
        guard scratch.count <= Self.longest else { return 0 }
        let hash = Self.hash(scratch.bytes, hop)
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let id = slots[slot]
            if hashes[Int(id)] == hash, isScratch(id, hop) {
                references[Int(id)] += 1
                return id
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return add(attributes, hop, hash)
    }

    private func isScratch(_ id: UInt32, _ hop: UInt32) -> Bool {
        guard facts[Int(id)].hop == hop, Int(lengths[Int(id)]) == scratch.count else {
            return false
        }
        let start = Int(offsets[Int(id)])
        for index in 0..<scratch.count where arena[start + index] != scratch.bytes[index] {
            return false
        }
        return true
    }

    private static func hash(_ bytes: [UInt8], _ hop: UInt32) -> UInt32 {
        var mixed = UInt64(hop) &+ 0x9e37_79b9_7f4a_7c15
        var reader = ByteReader(bytes.span.bytes)
        while let word = try? reader.read(UInt64.self) {
            mixed = (mixed ^ word) &* 0xff51_afd7_ed55_8ccd
            mixed ^= mixed >> 29
        }
        while let octet = try? reader.read(UInt8.self) {
            mixed = (mixed ^ UInt64(octet)) &* 0xc4ce_b9fe_1a85_ec53
        }
        return UInt32(truncatingIfNeeded: mixed ^ (mixed >> 32))
    }

    private mutating func add(_ attributes: PathAttributes, _ hop: UInt32, _ hash: UInt32) -> UInt32
    {
        hops.retain(hop)
        let id: UInt32
        if let reused = free.popLast() {
            id = reused
            facts[Int(id)] = AttributeFacts(
                attributes,
                hop: hop,
                defaultLocalPreference: defaultLocalPreference
            )
            offsets[Int(id)] = UInt32(arena.count)
            hashes[Int(id)] = hash
        } else {
            id = UInt32(facts.count)
            append(attributes, hop: hop, hash: hash)
        }
        arena += scratch.bytes
        lengths[Int(id)] = UInt16(scratch.count)
        references[Int(id)] = 1
        live += 1
        if live * 4 > slots.count * 3 { rebuildSlots(count: slots.count * 2) } else { place(id) }
        return id
    }

    private mutating func place(_ id: UInt32) {
        var slot = Int(hashes[Int(id)]) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = id
    }

    private mutating func rebuildSlots(count: Int) {
        slots = [UInt32](repeating: 0, count: count)
        for id in 1..<UInt32(facts.count) where lengths[Int(id)] != Self.freed { place(id) }
    }
}

// MARK: Counting

extension AttributeTable {
    mutating func retain(_ id: UInt32, _ count: Int = 1) {
        references[Int(id)] += UInt32(count)
    }

    mutating func release(_ id: UInt32) {
        references[Int(id)] -= 1
        if references[Int(id)] == 0 { dead.append(id) }
    }

    /// Frees the sets that nobody counts any more.
    mutating func reap() {
        guard !dead.isEmpty else { return }
        for id in dead where references[Int(id)] == 0 && lengths[Int(id)] != Self.freed {
            remove(id)
        }
        dead.removeAll(keepingCapacity: true)
        if waste > arena.count / 2, waste > 1 << 16 { compact() }
    }

    private mutating func remove(_ id: UInt32) {
        let mask = slots.count - 1
        var slot = Int(hashes[Int(id)]) & mask
        while slots[slot] != id { slot = (slot + 1) & mask }
        // What was pushed on by this one moves back (Knuth's algorithm R).
        var next = (slot + 1) & mask
        while slots[next] != 0 {
            let home = Int(hashes[Int(slots[next])]) & mask
            if (next &- home) & mask >= (next &- slot) & mask {
                slots[slot] = slots[next]
                slot = next
            }
            next = (next + 1) & mask
        }
        slots[slot] = 0
        hops.release(facts[Int(id)].hop)
        waste += Int(lengths[Int(id)])
        lengths[Int(id)] = Self.freed
        free.append(id)
        live -= 1
    }

    private mutating func compact() {
        var packed: [UInt8] = []
        packed.reserveCapacity(arena.count - waste)
        for id in 1..<facts.count where lengths[id] != Self.freed {
            let start = Int(offsets[id])
            offsets[id] = UInt32(packed.count)
            packed += arena[start..<(start + Int(lengths[id]))]
        }
        arena = packed
        waste = 0
    }
}
