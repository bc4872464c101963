package import Model

/// Addresses that are never handed out by themselves: the union of all IPReservations.
package struct Reservations: Hashable, Sendable {
    /// Disjoint and sorted: what lies inside another prefix is left out.
    private let prefixes: [Prefix]

    package init(_ prefixes: [Prefix] = []) {
        let sorted = Set(prefixes).sorted { ($0.length, $0.address) < ($1.length, $1.address) }
        var kept: [Prefix] = []
        for prefix in sorted where !kept.contains(where: { $0.contains(prefix) }) {
            kept.append(prefix)
        }
        self.prefixes = kept
    }

    package var isEmpty: Bool { prefixes.isEmpty }

    package func contains(_ address: Address) -> Bool {
        prefixes.contains { $0.contains(address) }
    }

    package func overlaps(_ prefix: Prefix) -> Bool {
        prefixes.contains { $0.overlaps(prefix) }
    }

    /// Every address of `prefix` is reserved.
    ///
    /// Halves reserved separately count too.
    package func covers(_ prefix: Prefix) -> Bool {
        count(in: prefix) == prefix.count
    }

    /// How many addresses of `prefix` are reserved; saturates at `UInt64.max`.
    package func count(in prefix: Prefix) -> UInt64 {
        if prefixes.contains(where: { $0.contains(prefix) }) { return prefix.count }
        return prefixes.reduce(0) { sum, reserved in
            guard prefix.contains(reserved) else { return sum }
            let (total, overflow) = sum.addingReportingOverflow(reserved.count)
            return overflow ? .max : total
        }
    }
}
