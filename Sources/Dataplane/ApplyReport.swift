package import Model

/// What one change cost and what it could not do.
package struct ApplyReport: Hashable, Sendable {
    /// Entries written or removed, by map.
    package let writes: [MapName: Int]
    /// Whether the maps were read and compared first: after a start and after a failure.
    package let comparedWithKernel: Bool
    /// Addresses that two endpoints claim.
    package let conflicts: [AddressConflict]
    /// Who has an address for which the policy engine sent another endpoint's programs.
    ///
    /// The owner keeps those it had, so that the engine must be told.
    package let owners: [Address: EndpointID]
    /// When all that packets meet was written, before what they meet no more is taken out; `nil` where
    /// nothing was carried out.
    package let inForce: ContinuousClock.Instant?

    /// All entries written or removed; 0 when the kernel held what was desired.
    package var mapWrites: Int { writes.values.reduce(0, +) }
}
