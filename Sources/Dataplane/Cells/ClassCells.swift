import CBPFABI
import Model

/// Whether `cara_cells` is in use, and at which depths it has nodes.
///
/// The classes of a long deny list, laid out for few look-ups: see `bpf/lib/classes.h`. The map is
/// derived from the classes and never says another thing, so that it may be given up at any time.
struct ClassCells {
    /// Below so many prefixes the trie is as good.
    var minimum = 32768
    /// Changes of more prefixes than this begin anew.
    static let changesMaximum = 4096

    var isOn = false
    /// What an earlier agent left must go.
    var isKnown = false
    var depths: [Family: UInt32] = [:]
    /// Why it is not in use although it would help.
    var problem: DataplaneError?

    mutating func note(_ node: CellNode) {
        depths[node.family, default: 0] |= 1 << UInt32(node.depth)
    }

    /// All nodes of some classes.
    static func entries(
        _ classes: [Prefix: UInt32]
    ) -> (entries: [MapEntry<cara_cells_key, cara_cells>], depths: [Family: UInt32]) {
        var placed: [(node: CellNode, prefix: Prefix, label: UInt32)] = []
        placed.reserveCapacity(classes.count)
        for (prefix, label) in classes {
            if let node = CellNode(prefix) { placed.append((node, prefix, label)) }
        }
        placed.sort { left, right in
            if left.node.depth != right.node.depth { return left.node.depth < right.node.depth }
            if left.node.address != right.node.address {
                return left.node.address < right.node.address
            }
            return left.prefix.length < right.prefix.length
        }
        var result: [MapEntry<cara_cells_key, cara_cells>] = []
        var cells = ClassCells()
        var canvas = CellCanvas()
        for (index, item) in placed.enumerated() {
            canvas.paint(item.node.cells(of: item.prefix), item.label)
            guard index + 1 == placed.count || placed[index + 1].node != item.node
            else { continue }
            result.append((cara_cells_key(item.node), canvas.entry))
            cells.note(item.node)
            canvas.clear()
        }
        return (result, cells.depths)
    }

    /// One node of some classes; `nil` when it has no prefixes.
    static func entry(_ node: CellNode, _ classes: [Prefix: UInt32]) -> cara_cells? {
        var canvas = CellCanvas()
        var isEmpty = true
        for prefix in node.candidates {
            guard let label = classes[prefix] else { continue }
            canvas.paint(node.cells(of: prefix), label)
            isEmpty = false
        }
        return isEmpty ? nil : canvas.entry
    }
}
