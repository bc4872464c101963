package import Model
package import Wire

/// One prefix in an UPDATE: Network Layer Reachability Information (RFC 4271 §4.3).
///
///     | path identifier, with RFC 7911: 4 octets | length in bits | as many octets as it needs |
package struct NLRI: Hashable, Sendable {
    package var prefix: Prefix
    /// Which of the sender's paths; 0 where there is but one.
    package var pathID: UInt32

    package init(_ prefix: Prefix, pathID: UInt32 = 0) {
        self.prefix = prefix
        self.pathID = pathID
    }
}

/// A prefix in an UPDATE that cannot be.
enum NLRIError: Error {
    case overrun
    case tooLong
}

extension NLRI {
    /// Reads prefixes up to the end; IPv4 in IPv6 clothes is no route and passed over.
    ///
    /// Bits after a prefix's length are ignored (RFC 4271 §4.3).
    static func parse(
        _ reader: inout ByteReader,
        _ family: Family,
        hasPathIDs: Bool
    ) throws(NLRIError) -> [NLRI] {
        var list: [NLRI] = []
        if !reader.isAtEnd { list.reserveCapacity(reader.remaining / (hasPathIDs ? 8 : 4) + 1) }
        while !reader.isAtEnd {
            if let one = try one(&reader, family, hasPathIDs: hasPathIDs) { list.append(one) }
        }
        return list
    }

    private static func one(
        _ reader: inout ByteReader,
        _ family: Family,
        hasPathIDs: Bool
    ) throws(NLRIError) -> NLRI? {
        do {
            let pathID = hasPathIDs ? try reader.read(UInt32.self) : 0
            let length = Int(try reader.read(UInt8.self))
            guard length <= family.bitWidth else { throw NLRIError.tooLong }
            if family == .v4 {
                let address = Address(v4: try v4(&reader, length: length))
                return Prefix(address, length: length).map { NLRI($0, pathID: pathID) }
            }
            var high: UInt64 = 0
            var low: UInt64 = 0
            for index in 0..<((length + 7) / 8) {
                let octet = UInt64(try reader.read(UInt8.self))
                if index < 8 {
                    high |= octet << UInt64(56 - 8 * index)
                } else {
                    low |= octet << UInt64(120 - 8 * index)
                }
            }
            let address = Address(high: high, low: low).masked(mappedLength: length)
            return Prefix(address, length: length).flatMap {
                $0.family == family ? NLRI($0, pathID: pathID) : nil
            }
        } catch let error as NLRIError {
            throw error
        } catch {
            throw .overrun
        }
    }

    private static func v4(
        _ reader: inout ByteReader,
        length: Int
    ) throws(WireError) -> UInt32 {
        switch (length + 7) / 8 {
        case 0: return 0
        case 1: return UInt32(try reader.read(UInt8.self)) << 24
        case 2: return UInt32(try reader.read(UInt16.self)) << 16
        case 3:
            let high = try reader.read(UInt16.self)
            return UInt32(high) << 16 | UInt32(try reader.read(UInt8.self)) << 8
        default: return try reader.read(UInt32.self)
        }
    }

    package func write(to writer: inout ByteWriter, hasPathIDs: Bool) {
        if hasPathIDs { writer.write(pathID) }
        writer.write(UInt8(prefix.length))
        let address = prefix.address
        var (high, low) = (address.high, address.low)
        if prefix.family == .v4 { (high, low) = (low << 32, 0) }
        for index in 0..<((prefix.length + 7) / 8) {
            let word = index < 8 ? high >> UInt64(56 - 8 * index) : low >> UInt64(120 - 8 * index)
            writer.write(UInt8(truncatingIfNeeded: word))
        }
    }

    /// How many octets it takes.
    package func size(hasPathIDs: Bool) -> Int {
        1 + (prefix.length + 7) / 8 + (hasPathIDs ? 4 : 0)
    }
}
