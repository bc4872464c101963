import BGPMessage
import Model

/// Where routes lead, each place once and counted: a next hop, or an interface of our own.
struct HopTable {
    struct Hop: Hashable {
        var nextHop: NextHop?
        var interface: String?
    }

    private struct Entry {
        var hop: Hop
        var references = 0
        var resolution: NextHopResolution?
    }

    private var entries: [Entry] = [Entry(hop: Hop())]
    private var ids: [Hop: UInt32] = [:]
    private var free: [UInt32] = []
    /// What `resolve` said, also of addresses that no route leads to now.
    private var resolutions: [Address: NextHopResolution] = [:]
    /// Next hops that nobody has resolved yet, since they were last taken.
    private var unresolved: Set<Address> = []
    private let assumesReachable: Bool
    private var last: (hop: Hop, id: UInt32)?

    init(assumesReachable: Bool) {
        self.assumesReachable = assumesReachable
    }

    /// The hop's number, without counting it; 0 is nowhere.
    mutating func id(_ hop: Hop) -> UInt32 {
        if let last, last.hop == hop { return last.id }
        guard hop != Hop() else { return 0 }
        let id = ids[hop] ?? add(hop)
        last = (hop, id)
        return id
    }

    private mutating func add(_ hop: Hop) -> UInt32 {
        var entry = Entry(hop: hop)
        if let address = hop.nextHop?.address {
            entry.resolution = resolutions[address]
            if entry.resolution == nil { unresolved.insert(address) }
        }
        let id: UInt32
        if let reused = free.popLast() {
            id = reused
            entries[Int(id)] = entry
        } else {
            id = UInt32(entries.count)
            entries.append(entry)
        }
        ids[hop] = id
        return id
    }

    mutating func retain(_ id: UInt32) { entries[Int(id)].references += 1 }

    mutating func release(_ id: UInt32) {
        entries[Int(id)].references -= 1
        guard id != 0, entries[Int(id)].references == 0 else { return }
        let hop = entries[Int(id)].hop
        ids[hop] = nil
        if let address = hop.nextHop?.address { unresolved.remove(address) }
        last = nil
        free.append(id)
    }

    func hop(_ id: UInt32) -> Hop { entries[Int(id)].hop }

    /// IGP cost, `nil` if it cannot be reached.
    ///
    /// Our own routes need no next hop.
    func cost(_ id: UInt32) -> UInt32? {
        guard id != 0, entries[Int(id)].hop.nextHop != nil else { return 0 }
        switch entries[Int(id)].resolution {
        case .reachable(let cost, _): return cost
        case .unreachable: return nil
        case nil: return assumesReachable ? 0 : nil
        }
    }

    /// The interface that packets leave by, as far as it is known.
    func interface(_ id: UInt32) -> String? {
        if case .reachable(_, let interface) = entries[Int(id)].resolution { return interface }
        return entries[Int(id)].hop.interface
    }

    /// Notes how `address` is reached; the hops that this changes.
    mutating func resolve(_ address: Address, _ resolution: NextHopResolution?) -> Set<UInt32> {
        guard resolutions[address] != resolution else { return [] }
        resolutions[address] = resolution
        if resolution != nil { unresolved.remove(address) }
        var changed: Set<UInt32> = []
        for (hop, id) in ids where hop.nextHop?.address == address {
            entries[Int(id)].resolution = resolution
            changed.insert(id)
        }
        return changed
    }

    mutating func takeUnresolved() -> [Address] {
        defer { unresolved = [] }
        return unresolved.sorted()
    }
}
