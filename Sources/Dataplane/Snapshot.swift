import CBPFABI
package import Model

/// What the dataplane holds, for people.
package struct DataplaneSnapshot: Hashable, Sendable {
    /// One address of a local workload as the programs know it.
    package struct Endpoint: Hashable, Sendable {
        package var address: Address
        /// `nil` for an entry that was there before the agent knew whose it is.
        package var id: EndpointID?
        package var interface: String?
        package var ifindex: UInt32
        package var slot: UInt32
        package var ingressProgram: UInt32
        package var egressProgram: UInt32
        package var isReady: Bool
    }

    /// How big a policy program is.
    package struct Program: Hashable, Sendable {
        package var id: UInt32
        package var groups: Int
        package var ports: Int
        package var verdicts: Int
        /// A table of verdicts, or bitmaps of clauses where the table would be too large.
        package var form: ProgramForm
        /// Different rules, in bitmap form.
        package var clauses: Int
        /// Values of `cara_bitmaps`.
        package var bitmaps: Int
        /// Local addresses under it.
        package var users: Int
    }

    package var endpoints: [Endpoint]
    package var programs: [Program]
    package var classes: [Prefix: UInt32]
    package var conflicts: [AddressConflict]
    /// Registered endpoints that are not live, and why.
    package var waiting: [EndpointID: String]
}

/// How a policy program finds its verdicts.
package enum ProgramForm: String, Hashable, Sendable, CaseIterable {
    case table
    case bitmap
}

/// How many packets met one end.
package struct ReasonCount: Hashable, Sendable {
    package let reason: Reason
    package let packets: UInt64
}

/// Figures for metrics.
package struct DataplaneStatistics: Hashable, Sendable {
    /// Entries written or removed since the start, by map.
    package var mapWrites: [MapName: Int]
    /// Changes that failed because a map was full, by map.
    package var fullMaps: [MapName: Int]
    /// Local addresses whose policy is live.
    package var liveAddresses: Int
    package var programs: Int
    package var programsByForm: [ProgramForm: Int]
    /// Entries of the policy maps that are meant to be there, and how many there may be.
    package var entries: [MapName: Int]
    package var limits: [MapName: Int]
    package var classes: Int
    /// Whether the last change is in the kernel.
    package var isCurrent: Bool
    /// Times that all maps were compared with what they should hold.
    package var auditPasses: Int
    /// Entries found to differ, and repaired, by map.
    package var differences: [MapName: Int]
    /// Interfaces of the node that should carry our programs and do not, and why.
    package var unattached: [String: String]
    /// Interfaces with doNotTrack policy, and where it is enforced.
    package var untracked: [String: UntrackedPlace]
    /// Why a change of the node's interfaces could not be followed; it is tried again.
    package var problem: String?
}

extension DataplaneSnapshot.Endpoint {
    init(address: Address, id: EndpointID?, interface: String?, _ entry: cara_endpoint) {
        self.init(
            address: address,
            id: id,
            interface: interface,
            ifindex: entry.ifindex,
            slot: entry.slot,
            ingressProgram: entry.ingress_program,
            egressProgram: entry.egress_program,
            isReady: entry.flags & CARA_ENDPOINT_READY.rawValue != 0
        )
    }
}
