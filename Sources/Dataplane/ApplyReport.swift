/// What one change cost and what it could not do.
package struct ApplyReport: Hashable, Sendable {
    /// Entries written or removed, by map.
    package let writes: [MapName: Int]
    /// Whether the maps were read and compared first: after a start and after a failure.
    package let comparedWithKernel: Bool
    /// Addresses that two endpoints claim.
    package let conflicts: [AddressConflict]

    /// All entries written or removed; 0 when the kernel held what was desired.
    package var mapWrites: Int { writes.values.reduce(0, +) }
}
