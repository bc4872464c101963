/// One entry of a map that is not what it should be.
package struct AuditFinding: Hashable, Sendable, CustomStringConvertible {
    package let map: MapName
    /// What the entry belongs to and which one it is, in words.
    package let object: String
    /// `nil` for an entry that should not be there.
    package let expected: String?
    /// `nil` for an entry that is missing.
    package let found: String?

    package init(map: MapName, object: String, expected: String?, found: String?) {
        self.map = map
        self.object = object
        self.expected = expected
        self.found = found
    }

    package var description: String {
        let what = "map \(map.rawValue), \(object)"
        return switch (expected, found) {
        case (let expected?, let found?): "\(what): \(found) instead of \(expected)"
        case (let expected?, nil): "\(what): missing, should be \(expected)"
        case (nil, let found): "\(what): should not be there, is \(found ?? "empty")"
        }
    }
}

extension AuditFinding {
    init<K, V>(_ table: MapTable<K, V>, _ key: K, expected: V?, found: V?) {
        let detail = table.detail(key)
        self.init(
            map: table.name,
            object: table.object(key) + (detail.isEmpty ? "" : ", \(detail)"),
            expected: expected.map { "\($0)" },
            found: found.map { "\($0)" }
        )
    }

    /// What a difference amounts to, entry by entry.
    static func all<K, V>(
        of delta: MapDelta<K, V>,
        in table: MapTable<K, V>,
        found: [MapEntry<K, V>]
    ) -> [AuditFinding] {
        guard !delta.isEmpty else { return [] }
        var values: [Bytes<K>: V] = [:]
        for entry in found { values[Bytes(entry.key)] = entry.value }
        return delta.writes.map { entry in
            AuditFinding(
                table,
                entry.key,
                expected: entry.value,
                found: values[Bytes(entry.key)]
            )
        }
            + delta.removals.map { key in
                AuditFinding(table, key, expected: nil, found: values[Bytes(key)])
            }
    }
}
