package import Model

/// A frame built a header at a time.
///
/// Lengths, next-protocol fields and checksums are filled in when the bytes are asked for, so that
/// only what a test is about needs to be said.
///
/// ```swift
/// PacketBuilder.ethernet(from: podMAC, to: hostMAC).ip(podA, podB).tcp(4000, 80, [.syn])
/// ```
package struct PacketBuilder: Hashable, Sendable {
    var layers: [PacketLayer]

    /// Without an Ethernet header: what an ICMP error quotes.
    package init() {
        layers = []
    }

    /// The whole frame.
    package var bytes: [UInt8] {
        var payload: [UInt8] = []
        for index in layers.indices.reversed() {
            payload = layers[index].bytes(
                before: payload,
                next: index + 1 < layers.count ? layers[index + 1] : nil,
                under: layers[..<index].last { $0.isIP }
            )
        }
        return payload
    }

    func adding(_ layer: PacketLayer) -> PacketBuilder {
        var copy = self
        copy.layers.append(layer)
        return copy
    }

    /// Begins with an Ethernet header; its type follows from the next header.
    package static func ethernet(
        from source: MAC? = nil,
        to destination: MAC? = nil,
        type: UInt16? = nil
    ) -> PacketBuilder {
        let header = EthernetHeader(
            source: source?.bytes ?? [2, 0, 0, 0, 0, 1],
            destination: destination?.bytes ?? [2, 0, 0, 0, 0, 2],
            type: type
        )
        return PacketBuilder().adding(.ethernet(header))
    }

    /// An IPv4 or IPv6 header, as the addresses say.
    package func ip(
        _ source: Address,
        _ destination: Address,
        _ change: (inout IPHeader) -> Void = { _ in }
    ) -> PacketBuilder {
        var header = IPHeader(source: source, destination: destination)
        change(&header)
        return adding(.ip(header))
    }

    /// An IPv6 extension header; options or routing data make its body, padded to whole units.
    package func headers(_ header: ExtensionHeader) -> PacketBuilder { adding(.extension(header)) }

    package func tcp(
        _ source: UInt16,
        _ destination: UInt16,
        _ flags: TCPFlags = .ack,
        _ change: (inout TCPHeader) -> Void = { _ in }
    ) -> PacketBuilder {
        var header = TCPHeader(source: source, destination: destination, flags: flags)
        change(&header)
        return adding(.tcp(header))
    }

    package func udp(
        _ source: UInt16,
        _ destination: UInt16,
        length: UInt16? = nil
    ) -> PacketBuilder {
        adding(.udp(UDPHeader(source: source, destination: destination, length: length)))
    }

    package func sctp(_ source: UInt16, _ destination: UInt16) -> PacketBuilder {
        adding(.sctp(source: source, destination: destination))
    }

    /// ICMP or ICMPv6, as the IP header before it says.
    ///
    /// `rest` is the second half of the header.
    package func icmp(_ type: UInt8, code: UInt8 = 0, rest: UInt32 = 0) -> PacketBuilder {
        adding(.icmp(type: type, code: code, rest: rest))
    }

    /// An echo request or reply, or another message with an identifier.
    package func icmp(_ type: UInt8, identifier: UInt16, sequence: UInt16 = 1) -> PacketBuilder {
        icmp(type, rest: UInt32(identifier) << 16 | UInt32(sequence))
    }

    package func payload(_ bytes: [UInt8]) -> PacketBuilder { adding(.payload(bytes)) }

    /// Counted-up bytes, so that a shift shows in a dump.
    package func payload(count: Int) -> PacketBuilder {
        payload((0..<count).map { UInt8(truncatingIfNeeded: $0) })
    }

    /// The packet that an ICMP error quotes, cut after `count` bytes.
    package func quoting(_ packet: PacketBuilder, count: Int = 1000) -> PacketBuilder {
        payload(Array(packet.withoutEthernet.bytes.prefix(count)))
    }

    /// The same from the IP header on.
    package var withoutEthernet: PacketBuilder {
        var copy = self
        if case .ethernet = layers.first { copy.layers.removeFirst() }
        return copy
    }
}
