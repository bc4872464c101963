import BGPMessage
import Model
import Wire

/// Prefixes of one family, each with a number: what all else about it is kept under, in flat arrays.
struct PrefixTable {
    let family: Family
    /// By itself: it is asked for each prefix.
    private let isShort: Bool
    /// IPv4: address and length in one word.
    ///
    /// Unused for IPv6.
    private var short: [UInt64] = []
    private var long: [Prefix?] = []
    private var slots = [UInt32](repeating: 0, count: 64)
    private var free: [UInt32] = []
    private(set) var count = 0

    private static let vacant = UInt64.max

    init(_ family: Family) {
        self.family = family
        isShort = family == .v4
    }

    /// One more than the highest number that was ever given.
    var capacity: Int { isShort ? short.count : long.count }

    func prefix(at index: UInt32) -> Prefix? {
        guard isShort else { return long[Int(index)] }
        let key = short[Int(index)]
        guard key != Self.vacant else { return nil }
        return Prefix(Address(v4: UInt32(key >> 8)), length: Int(key & 0xff))
    }

    /// Writes the prefix as NLRI without a path identifier; false if the number stands for none.
    func write(_ index: UInt32, to writer: inout ByteWriter) -> Bool {
        guard isShort else {
            guard let prefix = long[Int(index)] else { return false }
            NLRI(prefix).write(to: &writer, hasPathIDs: false)
            return true
        }
        let key = short[Int(index)]
        guard key != Self.vacant else { return false }
        let length = UInt8(truncatingIfNeeded: key)
        writer.write(length)
        if length > 0 { writer.write(UInt8(truncatingIfNeeded: key >> 32)) }
        if length > 8 { writer.write(UInt8(truncatingIfNeeded: key >> 24)) }
        if length > 16 { writer.write(UInt8(truncatingIfNeeded: key >> 16)) }
        if length > 24 { writer.write(UInt8(truncatingIfNeeded: key >> 8)) }
        return true
    }

    func index(of prefix: Prefix) -> UInt32? {
        find(prefix).index
    }

    /// The prefix's number, or the place in `slots` where it would go.
    private func find(_ prefix: Prefix) -> (slot: Int, index: UInt32?) {
        let mask = slots.count - 1
        var slot = home(prefix)
        guard isShort else {
            while slots[slot] != 0 {
                let index = slots[slot] - 1
                if long[Int(index)] == prefix { return (slot, index) }
                slot = (slot + 1) & mask
            }
            return (slot, nil)
        }
        let key = Self.key(prefix)
        while slots[slot] != 0 {
            let index = slots[slot] - 1
            if short[Int(index)] == key { return (slot, index) }
            slot = (slot + 1) & mask
        }
        return (slot, nil)
    }

    /// The prefix's number, a new one if it had none.
    mutating func insert(_ prefix: Prefix) -> (index: UInt32, isNew: Bool) {
        let (slot, known) = find(prefix)
        if let known { return (known, false) }
        let index = free.popLast() ?? UInt32(capacity)
        store(prefix, index)
        count += 1
        if count * 8 > slots.count * 7 {
            rebuildSlots(count: slots.count * 2)
        } else {
            slots[slot] = index + 1
        }
        return (index, true)
    }

    mutating func remove(at index: UInt32) {
        guard let prefix = prefix(at: index) else { return }
        let mask = slots.count - 1
        var slot = home(prefix)
        while slots[slot] != index + 1 { slot = (slot + 1) & mask }
        var next = (slot + 1) & mask
        while slots[next] != 0 {
            if (next &- home(at: slots[next] - 1)) & mask >= (next &- slot) & mask {
                slots[slot] = slots[next]
                slot = next
            }
            next = (next + 1) & mask
        }
        slots[slot] = 0
        if isShort { short[Int(index)] = Self.vacant } else { long[Int(index)] = nil }
        free.append(index)
        count -= 1
    }

    private mutating func store(_ prefix: Prefix, _ index: UInt32) {
        if isShort {
            let key = Self.key(prefix)
            if Int(index) < short.count { short[Int(index)] = key } else { short.append(key) }
        } else {
            if Int(index) < long.count { long[Int(index)] = prefix } else { long.append(prefix) }
        }
    }

    private static func key(_ prefix: Prefix) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: prefix.address.low)) << 8 | UInt64(prefix.length)
    }

    private func home(at index: UInt32) -> Int {
        guard !isShort else { return home(short[Int(index)], 0) }
        return long[Int(index)].map { home($0) } ?? 0
    }

    private func home(_ prefix: Prefix) -> Int {
        guard !isShort else { return home(Self.key(prefix), 0) }
        return home(prefix.address.high ^ UInt64(prefix.length) << 56, prefix.address.low)
    }

    private func home(_ first: UInt64, _ second: UInt64) -> Int {
        var mixed = (first ^ (first >> 31)) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 29) ^ second) &* 0xbf58_476d_1ce4_e5b9
        return Int(truncatingIfNeeded: mixed >> 32) & (slots.count - 1)
    }

    private mutating func rebuildSlots(count: Int) {
        slots = [UInt32](repeating: 0, count: count)
        for index in 0..<UInt32(capacity) {
            guard isShort ? short[Int(index)] != Self.vacant : long[Int(index)] != nil else {
                continue
            }
            var slot = home(at: index)
            while slots[slot] != 0 { slot = (slot + 1) & (count - 1) }
            slots[slot] = index + 1
        }
    }
}
