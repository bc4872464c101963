/// Which way packets go at the interface that a tc program hangs on.
package enum Hook: Hashable, Sendable {
    /// Packets that the interface received.
    case ingress
    /// Packets that the interface is about to send.
    case egress
}
