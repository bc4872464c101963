package import CBPFABI
package import Model

/// Traffic of the node itself that no policy of a host endpoint cuts off
/// (`failsafeInboundHostPorts`, `failsafeOutboundHostPorts`).
package struct Failsafe: Hashable, Sendable {
    package var direction: Direction
    package var `protocol`: IPProtocol
    /// The destination's port: the node's own for ingress, the far end's for egress.
    package var port: UInt16
    /// The far end; `nil` for anyone.
    package var net: Prefix?

    package init(
        _ direction: Direction,
        _ protocol: IPProtocol,
        _ port: UInt16,
        net: Prefix? = nil
    ) {
        self.direction = direction
        self.protocol = `protocol`
        self.port = port
        self.net = net
    }

    /// Calico's defaults.
    package static let defaults: Set<Failsafe> = {
        let inbound: [UInt16] = [22, 179, 2379, 2380, 5473, 6443, 6666, 6667]
        let outbound: [UInt16] = [179, 2379, 2380, 5473, 6443, 6666, 6667]
        return Set(inbound.map { Failsafe(.ingress, .tcp, $0) })
            .union(outbound.map { Failsafe(.egress, .tcp, $0) })
            .union([
                Failsafe(.ingress, .udp, 68), Failsafe(.egress, .udp, 53),
                Failsafe(.egress, .udp, 67),
            ])
    }()
}

extension cara_failsafe_key {
    package init(_ failsafe: Failsafe) {
        let direction = failsafe.direction == .ingress ? CARA_INGRESS : CARA_EGRESS
        // Anyone is no bits of the address, and so of both families.
        self.init(
            prefixlen: 32 + UInt32(failsafe.net?.mappedLength ?? 0),
            direction: UInt8(truncatingIfNeeded: direction.rawValue),
            proto: failsafe.protocol.rawValue,
            port: failsafe.port.bigEndian,
            addr: failsafe.net.map { cara_addr($0.address) } ?? cara_addr()
        )
    }
}
