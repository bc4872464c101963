/// Where at an interface a program hangs.
package enum Hook: Hashable, Sendable {
    /// Packets that the interface received.
    case ingress
    /// Packets that the interface is about to send.
    case egress
    /// Frames that the interface received, before the stack makes anything of them.
    case xdp
}
