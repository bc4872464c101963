/// Values by small numbers: the same value, the same number, for as long as it is swept along.
struct Interner<Value: Hashable & Sendable>: Sendable {
    private var values: [Value?] = []
    private var hashes: [UInt64] = []
    private var ids: [Value: Int32] = [:]
    private var free: [Int32] = []

    var count: Int { ids.count }

    /// The number of a value; its hash must be the same in every process.
    mutating func intern(_ value: Value, stableHash: UInt64) -> Int32 {
        if let id = ids[value] { return id }
        let id = free.popLast() ?? Int32(values.count)
        if id == values.count {
            values.append(value)
            hashes.append(stableHash)
        } else {
            values[Int(id)] = value
            hashes[Int(id)] = stableHash
        }
        ids[value] = id
        return id
    }

    subscript(id: Int32) -> Value {
        guard let value = values[Int(id)] else { preconditionFailure("no value \(id)") }
        return value
    }

    func stableHash(of id: Int32) -> UInt64 { hashes[Int(id)] }

    /// Forgets all values but these.
    mutating func sweep(keeping kept: Set<Int32>) {
        for (value, id) in ids where !kept.contains(id) {
            ids[value] = nil
            values[Int(id)] = nil
            free.append(id)
        }
    }
}
