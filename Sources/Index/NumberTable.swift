/// A hash table of numbers whose keys stand elsewhere, in an array by their numbers: four bytes a slot,
/// open addressing.
struct NumberTable: Sendable {
    private static let empty: Int32 = -1

    private var slots = [Int32](repeating: empty, count: 64)
    private var count = 0

    /// The number with this hash whose key is the one that is looked for.
    func find(_ hash: Int, where isKey: (Int32) -> Bool) -> Int32? {
        var slot = hash & (slots.count - 1)
        while slots[slot] != Self.empty {
            if isKey(slots[slot]) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds a number that is not there; `hash` is that of any number's key.
    mutating func insert(_ id: Int32, hash: (Int32) -> Int) {
        count += 1
        if 4 * count > 3 * slots.count { grow(hash) }
        put(id, hash(id))
    }

    private mutating func put(_ id: Int32, _ hash: Int) {
        var slot = hash & (slots.count - 1)
        while slots[slot] != Self.empty { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = id
    }

    /// Takes a number out, which must be there, and moves up what its slot would hide.
    mutating func remove(_ id: Int32, hash: (Int32) -> Int) {
        var hole = hash(id) & (slots.count - 1)
        while slots[hole] != id { hole = (hole + 1) & (slots.count - 1) }
        slots[hole] = Self.empty
        count -= 1
        var slot = hole
        while true {
            slot = (slot + 1) & (slots.count - 1)
            let next = slots[slot]
            guard next != Self.empty else { return }
            let distance = (slot - hash(next)) & (slots.count - 1)
            guard distance >= (slot - hole) & (slots.count - 1) else { continue }
            slots[hole] = next
            slots[slot] = Self.empty
            hole = slot
        }
    }

    private mutating func grow(_ hash: (Int32) -> Int) {
        let former = slots
        slots = [Int32](repeating: Self.empty, count: 2 * former.count)
        for id in former where id != Self.empty { put(id, hash(id)) }
    }
}
