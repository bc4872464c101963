package import Compile
package import Dataplane
package import Model

/// What the policy loop asks of the kernel's side; the dataplane does it, a test records it.
package protocol PolicyKernel: Sendable {
    /// Makes the kernel hold the sum of all changes; an empty change retries what failed.
    func carryOut(_ change: DataplaneChange) async throws(DataplaneError) -> KernelReport
    /// Makes a local endpoint known, or what is new about it.
    func attach(_ endpoint: Endpoint) async throws(DataplaneError)
    func detach(_ id: EndpointID) async throws(DataplaneError)
}

/// What a change cost and what it could not do.
package struct KernelReport: Hashable, Sendable {
    /// Entries written or removed, by map.
    package var writes: [String: Int]
    /// Addresses that two endpoints claim, in words.
    package var conflicts: [String]
    /// Who has an address for which the change named another endpoint.
    package var owners: [Address: EndpointID]
    /// When the last verdict changed; what no packet meets any more went after that.
    ///
    /// `nil` when the kernel had nothing to do.
    package var inForce: ContinuousClock.Instant?

    package init(
        writes: [String: Int] = [:],
        conflicts: [String] = [],
        owners: [Address: EndpointID] = [:],
        inForce: ContinuousClock.Instant? = nil
    ) {
        self.writes = writes
        self.conflicts = conflicts
        self.owners = owners
        self.inForce = inForce
    }
}

extension Dataplane: PolicyKernel {
    package func carryOut(
        _ change: DataplaneChange
    ) async throws(DataplaneError) -> KernelReport {
        let report = try apply(change)
        var writes: [String: Int] = [:]
        for (map, count) in report.writes { writes[map.rawValue] = count }
        let conflicts = report.conflicts.map {
            "\($0.address) of \($0.other) belongs to \($0.owner), which keeps it"
        }
        return KernelReport(
            writes: writes,
            conflicts: conflicts,
            owners: report.owners,
            inForce: report.inForce
        )
    }

    package func attach(_ endpoint: Endpoint) async throws(DataplaneError) {
        try register(endpoint)
    }

    package func detach(_ id: EndpointID) async throws(DataplaneError) {
        try unregister(id)
    }
}
