import BPFSupport
import CBPFABI
import Model

/// The packet that a flow begins with, and the key of the connection that it makes.
struct FirstPacket {
    /// Queries of ICMP have an identifier, which stands in the place of both ports.
    private static let identifier: UInt16 = 0x4d2

    let bytes: [UInt8]
    let key: cara_conn_key

    init(_ flow: Flow) {
        let (source, destination) = (flow.sourcePort, flow.destinationPort)
        // Loopback's own address, without which the packet would not be for this node.
        let ip = PacketBuilder.ethernet(to: MAC(bytes: [0, 0, 0, 0, 0, 0])).ip(
            flow.source,
            flow.destination
        ) {
            $0.protocol = flow.protocol.rawValue
        }
        var ports = (source: source, destination: destination)
        switch flow.protocol {
        case .tcp: bytes = ip.tcp(source, destination, .syn).bytes
        // UDP-Lite's header differs from UDP's in one field that is no port (RFC 3828).
        case .udp, .udpLite: bytes = ip.udp(source, destination).bytes
        case .sctp: bytes = ip.sctp(source, destination).bytes
        case .icmp, .icmpv6:
            let icmp = flow.icmp ?? ICMPMatch(type: 8)
            let isQuery = [0, 8, 13, 14, 128, 129].contains(icmp.type)
            let rest = UInt32(Self.identifier) << 16
            bytes = ip.icmp(icmp.type, code: icmp.code ?? 0, rest: rest).bytes
            let port = isQuery ? Self.identifier : 0
            ports = (port, port)
        default:
            bytes = ip.payload(count: 16).bytes
            ports = (0, 0)
        }
        key = cara_conn_key(
            flow.protocol.rawValue,
            flow.source,
            ports.source,
            flow.destination,
            ports.destination
        )
    }
}
