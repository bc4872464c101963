import CBPFABI
import Model

// Facts of the node itself, which no policy change brings.

extension Reconciler {
    /// Makes the kernel hold `settings`; connections are judged anew when their verdict may differ.
    mutating func apply(_ settings: Settings) throws(DataplaneError) {
        self.settings = settings
        let desired = desired(settings)
        let former = try value(of: 0, in: Maps.settings) ?? cara_settings()
        // Ports that come are no more ruled out before they are there, and ports that go only after that.
        let bridge = former.bridging(to: desired)
        if !sameBytes(former, bridge) { try set([(0, bridge)], in: Maps.settings) }
        try apply(settings.failsafes)
        guard !sameBytes(former, desired) else { return }
        // Connections that policy allows no more may have lived on until now.
        let isRevoking =
            revokesFlows
            && (former.endpoint_to_host != desired.endpoint_to_host
                || UInt32(former.revoked) == CARA_REVOKED_ALLOW.rawValue)
        guard isRevoking else { return try set([(0, desired)], in: Maps.settings) }
        try whileMarked { reconciler throws(DataplaneError) in
            try reconciler.set([(0, desired)], in: Maps.settings)
            try reconciler.move(reconciler.actual.allSlots)
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

    /// A change that a crash half-way must not hide; the mark of a crash before it stays.
    private mutating func whileMarked(
        _ body: (inout Reconciler) throws(DataplaneError) -> Void
    ) throws(DataplaneError) {
        let wasMarked = try isMarked()
        try mark(true)
        try body(&self)
        if !wasMarked { try mark(false) }
    }

    /// Makes the kernel hold these failsafe ports, the new ones before the old ones go.
    private mutating func apply(_ failsafes: Set<Failsafe>) throws(DataplaneError) {
        let delta = MapDelta(
            from: try entries(of: Maps.failsafes),
            to: entries(of: failsafes)
        )
        guard !delta.isEmpty else { return }
        let slots: Set<UInt32> = revokesFlows ? [UInt32(CARA_SLOT_HOSTS)] : []
        try whileMarked { reconciler throws(DataplaneError) in
            try reconciler.set(delta.writes, in: Maps.failsafes)
            try reconciler.remove(delta.removals, from: Maps.failsafes)
            try reconciler.move(slots)
        }
    }

    /// Tells the programs whether there are host endpoints to look for.
    mutating func noteHosts() throws(DataplaneError) {
        guard let settings, let found = try value(of: 0, in: Maps.settings) else { return }
        let desired = desired(settings)
        if !sameBytes(found, desired) { try set([(0, desired)], in: Maps.settings) }
    }

    func desired(_ settings: Settings) -> cara_settings {
        var desired = cara_settings(settings)
        desired.has_hosts = actual.hosts.isEmpty ? 0 : 1
        return desired
    }

    /// What the map of failsafe ports must hold.
    func entries(of failsafes: Set<Failsafe>) -> [MapEntry<cara_failsafe_key, UInt32>] {
        failsafes.map { (cara_failsafe_key($0), 1) }
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
