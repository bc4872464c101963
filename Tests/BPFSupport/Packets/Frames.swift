import Model

// Frames of the test topology: who sends to whom over which cable.

extension PacketBuilder {
    /// Sent by pod A to its node.
    package static let fromPodA = frame(from: [2, 0, 0, 0, 2, 2], to: [2, 0, 0, 0, 1, 2])
    /// Sent by pod B to its node.
    package static let fromPodB = frame(from: [2, 0, 0, 0, 2, 3], to: [2, 0, 0, 0, 1, 3])
    /// Arriving at the node from another one.
    package static let fromWire = frame(from: [2, 0, 0, 0, 2, 1], to: [2, 0, 0, 0, 1, 1])
    /// What the node's stack sends to pod A.
    package static let toPodA = frame(from: [2, 0, 0, 0, 1, 2], to: [2, 0, 0, 0, 2, 2])
    /// What the node's stack sends to pod B.
    package static let toPodB = frame(from: [2, 0, 0, 0, 1, 3], to: [2, 0, 0, 0, 2, 3])

    private static func frame(from source: [UInt8], to destination: [UInt8]) -> PacketBuilder {
        .ethernet(from: MAC(bytes: source), to: MAC(bytes: destination))
    }

    /// The packet one hop on; towards a pod with the Ethernet header that its veth carries.
    package func forwarded(to pod: Pod? = nil) -> PacketBuilder {
        var copy = self
        copy.layers = layers.map { layer in
            guard case .ip(var header) = layer else { return layer }
            header.hops -= 1
            return .ip(header)
        }
        // Only the outer header travels; a tunnel's inner one stays as it was.
        if let inner = layers.indices.filter({ layers[$0].isIP }).dropFirst().first {
            copy.layers[inner] = layers[inner]
        }
        if let pod {
            copy.layers[0] = (pod == .a ? PacketBuilder.toPodA : .toPodB).layers[0]
        }
        return copy
    }
}
