import Model

/// SCTP's common header and an INIT or INIT ACK chunk (RFC 9260 §3), sent over raw sockets because
/// the kernel at hand may have no SCTP of its own.
///
/// Nothing else answers these packets.
enum SCTPProbe {
    private static let initChunk: UInt8 = 1
    private static let initAckChunk: UInt8 = 2

    static func request(from source: UInt16, to destination: UInt16) -> [UInt8] {
        packet(initChunk, source, destination)
    }

    static func reply(to bytes: [UInt8], _ family: Family, port: UInt16) -> [UInt8]? {
        guard let (chunk, source, destination) = header(bytes, family), chunk == initChunk,
            destination == port
        else { return nil }
        return packet(initAckChunk, destination, source)
    }

    static func isReply(
        _ bytes: [UInt8],
        _ family: Family,
        from source: UInt16,
        to destination: UInt16
    ) -> Bool {
        guard let header = header(bytes, family) else { return false }
        return header == (initAckChunk, source, destination)
    }

    private static func packet(_ chunk: UInt8, _ source: UInt16, _ destination: UInt16) -> [UInt8] {
        var bytes: [UInt8] = [
            UInt8(source >> 8), UInt8(source & 0xff), UInt8(destination >> 8),
            UInt8(destination & 0xff),
        ]
        bytes += [0, 0, 0, 0, 0, 0, 0, 0]  // verification tag, checksum
        bytes += [chunk, 0, 0, 20] + [UInt8](repeating: 1, count: 16)
        return bytes
    }

    private static func header(_ bytes: [UInt8], _ family: Family) -> (UInt8, UInt16, UInt16)? {
        let sctp = payload(bytes, family)
        guard sctp.count >= 13 else { return nil }
        let start = sctp.startIndex
        return (
            sctp[start + 12], UInt16(sctp[start]) << 8 | UInt16(sctp[start + 1]),
            UInt16(sctp[start + 2]) << 8 | UInt16(sctp[start + 3])
        )
    }
}

/// ICMP and ICMPv6 echo (RFC 792, RFC 4443 §4).
enum EchoProbe {
    static func request(_ family: Family, _ identifier: UInt16) -> [UInt8] {
        let (high, low) = (UInt8(identifier >> 8), UInt8(identifier & 0xff))
        guard family == .v4 else {
            return [128, 0, 0, 0, high, low, 0, 1]  // the kernel fills in ICMPv6's checksum
        }
        var sum = UInt32(0x0800) + UInt32(identifier) + 1
        sum = (sum & 0xffff) + (sum >> 16)
        let checksum = ~UInt16(truncatingIfNeeded: sum)
        return [8, 0, UInt8(checksum >> 8), UInt8(checksum & 0xff), high, low, 0, 1]
    }

    static func isReply(_ bytes: [UInt8], _ family: Family, _ identifier: UInt16) -> Bool {
        let icmp = payload(bytes, family)
        guard icmp.count >= 8 else { return false }
        let start = icmp.startIndex
        return icmp[start] == (family == .v4 ? 0 : 129)
            && UInt16(icmp[start + 4]) << 8 | UInt16(icmp[start + 5]) == identifier
    }
}

/// Raw IPv4 sockets deliver the IP header too (raw(7)), IPv6 ones do not (RFC 3542 §3).
private func payload(_ bytes: [UInt8], _ family: Family) -> ArraySlice<UInt8> {
    guard family == .v4, let first = bytes.first else { return bytes[...] }
    return bytes.dropFirst(Int(first & 0xf) * 4)
}
