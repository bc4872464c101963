/// A value of the ABI compared by its bytes: all padding there is named and zero.
struct Bytes<Value: BitwiseCopyable>: Hashable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }

    static func == (left: Self, right: Self) -> Bool { sameBytes(left.value, right.value) }

    func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: value) { hasher.combine(bytes: $0) }
    }
}

/// Whether two values of the ABI are the same byte for byte.
func sameBytes<Value: BitwiseCopyable>(_ left: Value, _ right: Value) -> Bool {
    withUnsafeBytes(of: left) { left in
        withUnsafeBytes(of: right) { right in left.elementsEqual(right) }
    }
}

/// What one map lacks and what it holds too much of.
struct MapDelta<Key: BitwiseCopyable & Sendable, Value: BitwiseCopyable & Sendable> {
    var writes: [MapEntry<Key, Value>] = []
    var removals: [Key] = []

    init(writes: [MapEntry<Key, Value>] = [], removals: [Key] = []) {
        self.writes = writes
        self.removals = removals
    }

    /// What turns `actual` into `desired`.
    init(from actual: [MapEntry<Key, Value>], to desired: [MapEntry<Key, Value>]) {
        guard !actual.isEmpty else {
            writes = desired
            return
        }
        var stale: [Bytes<Key>: Value] = [:]
        stale.reserveCapacity(actual.count)
        for entry in actual { stale[Bytes(entry.key)] = entry.value }
        for entry in desired {
            if let value = stale.removeValue(forKey: Bytes(entry.key)),
                sameBytes(value, entry.value)
            {
                continue
            }
            writes.append(entry)
        }
        removals = stale.keys.map(\.value)
    }

    var isEmpty: Bool { writes.isEmpty && removals.isEmpty }
}
