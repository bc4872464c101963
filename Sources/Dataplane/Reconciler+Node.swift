import CBPFABI
import Model

// Facts of the node itself, which no policy change brings.

extension Reconciler {
    /// Makes the kernel hold `settings`; connections are judged anew when their verdict may differ.
    mutating func apply(_ settings: Settings) throws(DataplaneError) {
        self.settings = settings
        let desired = cara_settings(settings)
        let former = try value(of: 0, in: Maps.settings) ?? cara_settings()
        guard !sameBytes(former, desired) else { return }
        // Connections that policy allows no more may have lived on until now.
        let isRevoking =
            revokesFlows
            && (former.endpoint_to_host != desired.endpoint_to_host
                || UInt32(former.revoked) == CARA_REVOKED_ALLOW.rawValue)
        if isRevoking { try mark(true) }
        try set([(0, desired)], in: Maps.settings)
        if isRevoking {
            try move(actual.slots)
            try mark(false)
        }
    }

    /// Whether a change of policy reaches connections; one of whose they are always does.
    private var revokesFlows: Bool { settings?.revokedFlowAction != .allow }

    /// The plan without the revocations that only policy asks for, where connections live on.
    func permitted(_ plan: Plan) -> Plan {
        guard !revokesFlows else { return plan }
        var plan = plan
        plan.revokedSlots = plan.endpoints.reownedSlots
        return plan
    }

    /// Makes the kernel hold the node's own addresses.
    mutating func apply(localAddresses: Set<Address>) throws(DataplaneError) {
        self.localAddresses = localAddresses
        let delta = MapDelta(
            from: try entries(of: Maps.locals),
            to: localAddresses.map { (cara_addr($0), 1) }
        )
        try set(delta.writes, in: Maps.locals)
        try remove(delta.removals, from: Maps.locals)
    }

    /// Ways out that connections have cached are looked up again.
    mutating func routesMoved() throws(DataplaneError) {
        try move([0])
    }
}
