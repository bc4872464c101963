/// A 64-bit hash that is the same in every process and on every node.
///
/// Ids in the kernel's tables are made of it, so that an agent that starts anew finds its own entries
/// again; Swift's `Hasher` is seeded at random. The bytes go through FNV-1a, the end through the
/// finaliser of SplitMix64, because FNV's high bits are poor.
package struct StableHash: Sendable {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    /// Begins with a number that keeps hashes of different kinds of things apart.
    package init(kind: UInt64) {
        combine(kind)
    }

    package mutating func combine(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    package mutating func combine(_ number: UInt64) {
        state = Self.mix(state ^ number)
    }

    /// Ends with a byte that is not in UTF-8, so that "ab", "c" and "a", "bc" differ.
    package mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte) }
        combine(0xff as UInt8)
    }

    package var value: UInt64 { Self.mix(state) }

    /// Spreads every bit of `number` over all 64.
    package static func mix(_ number: UInt64) -> UInt64 {
        var mixed = number &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Gives 32-bit ids by content: the same hash gets the same id, unless another has it already.
///
/// Each hash has its own sequence of candidates. Two that collide get their ids in the order in which
/// they ask; the one that came second may get its first choice after a restart, which costs a few
/// map writes and nothing else.
package struct StableIDs: Sendable {
    private let first: UInt32
    private var taken: Set<UInt32> = []

    /// Ids below `first` are never given.
    package init(first: UInt32 = 1) {
        self.first = first
    }

    package mutating func claim(_ hash: UInt64) -> UInt32 {
        var candidate = hash
        while true {
            let id = UInt32(truncatingIfNeeded: candidate >> 32)
            if id >= first, taken.insert(id).inserted { return id }
            candidate = StableHash.mix(candidate)
        }
    }

    package mutating func release(_ id: UInt32) {
        taken.remove(id)
    }
}
