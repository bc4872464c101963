import Model

/// One header of a packet, or what comes after the last.
enum PacketLayer: Hashable, Sendable {
    case ethernet(EthernetHeader)
    case ip(IPHeader)
    case `extension`(ExtensionHeader)
    case tcp(TCPHeader)
    case udp(UDPHeader)
    case sctp(source: UInt16, destination: UInt16)
    case icmp(type: UInt8, code: UInt8, rest: UInt32)
    case payload([UInt8])

    var isIP: Bool { header != nil }

    private var header: IPHeader? {
        if case .ip(let header) = self { header } else { nil }
    }

    /// The header with its payload behind it.
    ///
    /// `ip` is the header that a checksum covers too.
    func bytes(before payload: [UInt8], next: PacketLayer?, under ip: PacketLayer?) -> [UInt8] {
        switch self {
        case .ethernet(let header):
            return header.destination + header.source
                + (header.type ?? next?.ethernetType ?? 0).networkBytes + payload
        case .ip(let header):
            let number = header.protocol ?? next?.number(under: header) ?? 59
            return (header.isV4 ? header.v4(number, payload) : header.v6(number, payload))
                + payload
        case .extension(let header):
            let number = header.next ?? ip?.header.flatMap { next?.number(under: $0) } ?? 59
            return [number, header.length ?? header.naturalLength] + header.body + payload
        case .tcp(let header):
            return summed(header.bytes + payload, at: 16, 6, ip?.header)
        case .udp(let header):
            let length = header.length ?? UInt16(truncatingIfNeeded: 8 + payload.count)
            let ports = header.source.networkBytes + header.destination.networkBytes
            return summed(ports + length.networkBytes + [0, 0] + payload, at: 6, 17, ip?.header)
        case .sctp(let source, let destination):
            let ports = source.networkBytes + destination.networkBytes
            return ports + [UInt8](repeating: 0, count: 8) + payload
        case .icmp(let type, let code, let rest):
            let bytes = [type, code, 0, 0] + rest.networkBytes + payload
            guard let ip = ip?.header, !ip.isV4 else { return summed(bytes, at: 2, 0, nil) }
            return summed(bytes, at: 2, 58, ip)
        case .payload(let bytes):
            return bytes + payload
        }
    }

    private var ethernetType: UInt16? {
        header.map { $0.isV4 ? 0x0800 : 0x86dd }
    }

    private func number(under ip: IPHeader) -> UInt8? {
        switch self {
        case .ethernet, .payload: nil
        case .ip(let header): header.isV4 ? 4 : 41
        case .extension(let header): header.type
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        case .icmp: ip.isV4 ? 1 : 58
        }
    }
}

/// The bytes with the Internet checksum (RFC 1071) at `offset`, over the pseudo-header of `ip` too.
private func summed(
    _ bytes: [UInt8],
    at offset: Int,
    _ proto: UInt8,
    _ ip: IPHeader?
) -> [UInt8] {
    var covered = bytes
    if let ip {
        covered += bytes.count % 2 == 0 ? [] : [0]
        covered += ip.source.familyBytes + ip.destination.familyBytes
        covered += UInt32(bytes.count).networkBytes + [0, proto]
    }
    var result = bytes
    result.replaceSubrange(offset..<(offset + 2), with: checksum(covered).networkBytes)
    return result
}

private func checksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
        let low = index + 1 < bytes.count ? bytes[index + 1] : 0
        sum += UInt32(bytes[index]) << 8 | UInt32(low)
    }
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
}

extension IPHeader {
    fileprivate func v4(_ number: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
        let size = 20 + options.count + padding.count
        let fragment = UInt16(fragmentOffset / 8) | (moreFragments ? 0x2000 : 0)
        let total = length ?? UInt16(truncatingIfNeeded: size + payload.count)
        var bytes = [(version ?? 4) << 4 | (headerWords ?? UInt8(size / 4)), 0]
        bytes += total.networkBytes + identification.networkBytes + fragment.networkBytes
        bytes += [hops, number, 0, 0] + source.familyBytes + destination.familyBytes
        return summed(bytes + options + padding, at: 10, 0, nil)
    }

    fileprivate func v6(_ number: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = length ?? UInt16(truncatingIfNeeded: payload.count)
        return [(version ?? 6) << 4, 0, 0, 0] + length.networkBytes + [number, hops]
            + source.bytes + destination.bytes
    }
}

extension TCPHeader {
    fileprivate var bytes: [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
        let words = words ?? UInt8(5 + (options.count + padding.count) / 4)
        return source.networkBytes + destination.networkBytes
            + sequence.networkBytes + acknowledgement.networkBytes
            + [words << 4, flags.rawValue] + window.networkBytes + [0, 0, 0, 0] + options + padding
    }
}
