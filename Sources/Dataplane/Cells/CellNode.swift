import CBPFABI
import Model

/// A node of `cara_cells`: the first bytes that prefixes of up to eight bits more have in common.
struct CellNode: Hashable {
    let address: Address
    /// How many bytes count.
    let depth: Int
    let family: Family

    /// The node that a prefix is in; `nil` for one of no bits, which has none.
    init?(_ prefix: Prefix) {
        guard prefix.length > 0 else { return nil }
        depth = (prefix.mappedLength - 1) / 8
        address = prefix.address.masked(mappedLength: depth * 8)
        family = prefix.family
    }

    /// The prefixes that can be in the node, shortest first.
    var candidates: [Prefix] {
        let offset = 128 - family.bitWidth
        return (1...8).flatMap { bits in
            (0..<(1 << bits)).compactMap { number in
                let byte = UInt64(number) << UInt64(8 - bits)
                let shift = UInt64(8 * (15 - depth))
                let other = Address(
                    high: shift >= 64 ? address.high | byte << (shift - 64) : address.high,
                    low: shift >= 64 ? address.low : address.low | byte << shift
                )
                return Prefix(other, length: depth * 8 + bits - offset)
            }
        }
    }

    /// The cells that a prefix of the node covers.
    func cells(of prefix: Prefix) -> Range<Int> {
        let shift = UInt64(8 * (15 - depth))
        let byte = shift >= 64 ? prefix.address.high >> (shift - 64) : prefix.address.low >> shift
        let first = Int(byte & 0xff)
        return first..<(first + 1 << (8 * depth + 8 - prefix.mappedLength))
    }
}

extension cara_cells_key {
    init(_ node: CellNode) {
        self.init(addr: cara_addr(node.address), depth: UInt32(node.depth))
    }
}

/// The cells of one node as they are painted: a prefix over those that are shorter.
struct CellCanvas {
    private var labels = [Int64](repeating: -1, count: 256)

    mutating func clear() {
        for cell in labels.indices { labels[cell] = -1 }
    }

    mutating func paint(_ cells: Range<Int>, _ label: UInt32) {
        for cell in cells { labels[cell] = Int64(label) }
    }

    /// The entry: that of the class which has most cells.
    var entry: cara_cells {
        var counts: [Int64: Int] = [:]
        for label in labels where label >= 0 { counts[label, default: 0] += 1 }
        let label = counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key ?? -1
        var words = [UInt32](repeating: 0, count: 8)
        for (cell, other) in labels.enumerated() where other == label && label >= 0 {
            words[cell / 32] |= 1 << UInt32(cell % 32)
        }
        return cara_cells(
            class_id: UInt32(max(label, 0)),
            flags: counts.count > 1 ? CARA_CELLS_MIXED.rawValue : 0,
            cell: (
                words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]
            )
        )
    }
}

extension cara_cells {
    /// Cells that tell nothing: who meets them asks `cara_classes`.
    static var unknown: cara_cells {
        cara_cells(class_id: 0, flags: CARA_CELLS_MIXED.rawValue, cell: (0, 0, 0, 0, 0, 0, 0, 0))
    }
}
