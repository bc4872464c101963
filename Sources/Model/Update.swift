/// One change of what the policy engine knows: a value takes the place of the former one of that
/// name, `nil` removes it.
///
/// Updates may come in any order and may repeat.
package enum Update: Hashable, Sendable {
    case endpoint(EndpointID, Endpoint?)
    case networkSet(NetworkSetID, NetworkSet?)
    case policy(PolicyID, Policy?)
    case tier(String, Tier?)
    case profile(String, Profile?)
    /// Keyed by the EndpointSlice's `namespace/name`.
    case serviceSlice(String, ServiceSlice?)
}

/// The workload's point of view: ingress is towards the endpoint.
package enum Direction: String, Hashable, Sendable, CaseIterable {
    case ingress = "Ingress"
    case egress = "Egress"
}

/// The first packet of a flow, as policy sees it.
package struct Flow: Hashable, Sendable {
    package var source: Address
    package var destination: Address
    package var `protocol`: IPProtocol
    /// 0 for protocols without ports.
    package var sourcePort: UInt16
    package var destinationPort: UInt16
    package var icmp: ICMPMatch?

    package init(
        source: Address,
        destination: Address,
        protocol: IPProtocol,
        sourcePort: UInt16 = 0,
        destinationPort: UInt16 = 0,
        icmp: ICMPMatch? = nil
    ) {
        self.source = source
        self.destination = destination
        self.protocol = `protocol`
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.icmp = icmp
    }
}
