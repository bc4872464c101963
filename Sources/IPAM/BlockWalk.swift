package import Model

/// The blocks of a pool in the order in which a node looks at them: from a start of its own round
/// to that start again, so that nodes seldom meet while each still finds every block.
///
/// The start is FNV-1 (32 bits) of the node's name, spread by one step of SplitMix64. For blocks of one
/// address it also depends on the time, as in Calico: nodes that share such a pool would otherwise walk
/// over each other's blocks every time.
package struct BlockWalk: Sequence, IteratorProtocol {
    private let pool: Prefix
    private let blockLength: Int
    private let count: UInt64
    private let start: UInt64
    private var step: UInt64 = 0

    package init(pool: Prefix, blockLength: Int, node: String, now: Timestamp) {
        self.pool = pool
        self.blockLength = blockLength
        // 2^62 blocks are enough to look at.
        let bits = Swift.min(Swift.max(blockLength - pool.length, 0), 62)
        count = blockLength < pool.length ? 0 : 1 << UInt64(bits)
        var seed = UInt64(Self.fnv1(node))
        if blockLength == pool.family.bitWidth {
            seed ^= UInt64(bitPattern: now.nanoseconds)
        }
        start = Self.spread(seed) & (Swift.max(count, 1) - 1)
    }

    package mutating func next() -> Prefix? {
        guard step < count else { return nil }
        let index = (start + step) & (count - 1)
        step += 1
        return Self.block(at: index, of: pool, length: blockLength)
    }

    /// Block `index` of those of `length` that the prefix divides into.
    package static func block(at index: UInt64, of pool: Prefix, length: Int) -> Prefix? {
        let offset = UInt128(index) << UInt128(pool.family.bitWidth - length)
        let base = UInt128(pool.address.high) << 64 | UInt128(pool.address.low)
        let (value, overflow) = base.addingReportingOverflow(offset)
        guard !overflow else { return nil }
        let address = Address(
            high: UInt64(truncatingIfNeeded: value >> 64),
            low: UInt64(truncatingIfNeeded: value)
        )
        return Prefix(address, length: length)
    }

    static func fnv1(_ text: String) -> UInt32 {
        text.utf8.reduce(0x811c_9dc5) { ($0 &* 0x0100_0193) ^ UInt32($1) }
    }

    private static func spread(_ seed: UInt64) -> UInt64 {
        var value = seed &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
