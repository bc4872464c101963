import CBPFABI
import Compile
import Model

// Keeps `cara_cells` in step with the classes, while a long list is judged packet by packet.

extension Reconciler {
    /// Begins or ceases to use cells, as endpoints and the number of prefixes have it.
    ///
    /// That they cannot be used costs speed and nothing else, and so is no failure.
    mutating func settleCells() throws(DataplaneError) {
        let isWanted =
            policy.classes.count >= cells.minimum
            && actual.hosts.values.contains { $0.hasUntrackedIngress }
        if isWanted, !cells.isOn, cells.problem == nil {
            try beginCells()
        } else if !isWanted, cells.isOn || !cells.isKnown {
            try endCells()
            cells.problem = nil
        }
    }

    /// What the kernel holds is not known: the trie answers until everything was compared.
    mutating func forgetCells() throws(DataplaneError) {
        try set(depths: [:])
        cells.isOn = false
        cells.isKnown = false
        cells.problem = nil
    }

    /// Follows classes that the trie has already.
    ///
    /// Nodes that change first say nothing, all of them: at every step an address has the class that it
    /// had or the one that it has now.
    mutating func followCells(
        _ changed: MapDelta<cara_class_key, UInt32>
    ) throws(DataplaneError) {
        guard cells.isOn, !changed.isEmpty else { return }
        let keys = changed.writes.map(\.key) + changed.removals
        guard keys.count <= ClassCells.changesMaximum else {
            try set(depths: [:])
            return try beginCells()
        }
        let nodes = Set(keys.compactMap { Prefix($0) }.compactMap { CellNode($0) })
        for node in nodes { cells.note(node) }
        do throws(DataplaneError) {
            try write(nodes)
        } catch {
            try endCells()
            cells.problem = error
        }
    }

    private mutating func write(_ nodes: Set<CellNode>) throws(DataplaneError) {
        if nodes.count > 1 {
            try set(nodes.map { (cara_cells_key($0), .unknown) }, in: Maps.cells)
            try set(depths: cells.depths)
        }
        var delta = MapDelta<cara_cells_key, cara_cells>()
        for node in nodes {
            if let entry = ClassCells.entry(node, policy.classes) {
                delta.writes.append((cara_cells_key(node), entry))
            } else {
                delta.removals.append(cara_cells_key(node))
            }
        }
        try set(delta.writes, in: Maps.cells)
        try remove(delta.removals, from: Maps.cells)
        try set(depths: cells.depths)
    }

    private mutating func beginCells() throws(DataplaneError) {
        let (wanted, depths) = ClassCells.entries(policy.classes)
        do throws(DataplaneError) {
            let delta = MapDelta(from: try entries(of: Maps.cells), to: wanted)
            try remove(delta.removals, from: Maps.cells)
            try set(delta.writes, in: Maps.cells)
            try set(depths: depths)
            cells.depths = depths
            cells.isOn = true
            cells.isKnown = true
        } catch {
            try endCells()
            cells.problem = error
        }
    }

    private mutating func endCells() throws(DataplaneError) {
        try set(depths: [:])
        try remove(try entries(of: Maps.cells).map(\.key), from: Maps.cells)
        cells.isOn = false
        cells.isKnown = true
    }

    private mutating func set(depths: [Family: UInt32]) throws(DataplaneError) {
        let wanted = [(UInt32(0), depths[.v4] ?? 0), (UInt32(1), depths[.v6] ?? 0)]
        for (family, mask) in wanted where try value(of: family, in: Maps.depths) ?? 0 != mask {
            try set([(family, mask)], in: Maps.depths)
        }
    }
}

extension Prefix {
    /// From the mapped form of a key.
    fileprivate init?(_ key: cara_class_key) {
        let address = Address(key.addr)
        self.init(address, length: Int(key.prefixlen) - 128 + address.family.bitWidth)
    }
}
