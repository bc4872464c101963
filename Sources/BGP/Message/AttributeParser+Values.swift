import Model
import Wire

extension AttributeParser {
    /// Reads the value of an attribute whose flags are right; RFC 7606 §7 says what errors mean.
    mutating func known(
        _ type: AttributeType,
        _ value: inout ByteReader
    ) throws(MessageError) {
        switch type {
        case .multiprotocolReach: return try parseReach(&value)
        case .multiprotocolUnreach: return try parseUnreach(&value)
        case .localPreference, .originatorID, .clusterList:
            // §7.5, §7.9, §7.10.
            if context.isExternal { return fault(type.rawValue, .outOfPlace, .discardAttribute) }
        case .as4Path, .as4Aggregator:
            // RFC 6793 §4.1.
            if context.hasFourOctetAS {
                return fault(type.rawValue, .outOfPlace, .discardAttribute)
            }
        default: break
        }
        let problem: UpdateFault.Problem?
        do {
            problem = try read(type, &value)
        } catch {
            problem = .length
        }
        guard let problem else { return }
        fault(type.rawValue, problem, type.isExpendable ? .discardAttribute : .treatAsWithdraw)
    }

    /// Reads one value; `nil` if all is well.
    private mutating func read(
        _ type: AttributeType,
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        switch type {
        case .origin: return try readOrigin(&value)
        case .asPath: return try readASPath(&value)
        case .nextHop: return try readNextHop(&value)
        case .multiExitDiscriminator:
            attributes.multiExitDiscriminator = try only(&value)
        case .localPreference: attributes.localPreference = try only(&value)
        case .atomicAggregate:
            guard value.isAtEnd else { return .length }
            attributes.isAtomicAggregate = true
        case .aggregator: return try readAggregator(&value)
        case .communities: return try readCommunities(&value)
        case .originatorID: attributes.originatorID = try only(&value)
        case .clusterList:
            attributes.clusterList = try list(&value) { reader throws(WireError) in
                try reader.read(UInt32.self)
            }
            return attributes.clusterList.isEmpty ? .length : nil
        case .extendedCommunities: return try readExtendedCommunities(&value)
        case .largeCommunities: return try readLargeCommunities(&value)
        case .onlyToCustomer: attributes.onlyToCustomer = try only(&value)
        case .as4Path: return try readAS4Path(&value)
        case .as4Aggregator: return try readAS4Aggregator(&value)
        case .multiprotocolReach, .multiprotocolUnreach: break
        }
        return nil
    }

    /// The one number that the value is.
    private func only(_ reader: inout ByteReader) throws(WireError) -> UInt32 {
        let number = try reader.read(UInt32.self)
        guard reader.isAtEnd else { throw .truncated(needed: 0, had: reader.remaining) }
        return number
    }

    private func list<Element>(
        _ reader: inout ByteReader,
        _ one: (inout ByteReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        var elements: [Element] = []
        while !reader.isAtEnd { elements.append(try one(&reader)) }
        return elements
    }

    private mutating func readOrigin(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        let octet = try value.read(UInt8.self)
        guard value.isAtEnd else { return .length }
        guard let origin = Origin(rawValue: octet) else { return .value }
        attributes.origin = origin
        return nil
    }

    private mutating func readASPath(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        guard let path = try ASPath(parsing: &value, hasFourOctets: context.hasFourOctetAS),
            !path.containsZero
        else { return .value }
        attributes.asPath = path
        return nil
    }

    /// Confederation segments do not belong there (RFC 6793 §6).
    private mutating func readAS4Path(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        guard let path = try ASPath(parsing: &value, hasFourOctets: true), !path.containsZero,
            !path.isEmpty
        else { return .value }
        keep(as4Path: path.withoutConfederations)
        return nil
    }

    private mutating func readNextHop(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        let address = Address(v4: try only(&value))
        guard address.canBeNextHop else { return .value }
        attributes.nextHop = NextHop(address)
        return nil
    }

    private mutating func readAggregator(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        let number =
            context.hasFourOctetAS
            ? try value.read(UInt32.self) : UInt32(try value.read(UInt16.self))
        let aggregator = Aggregator(autonomousSystem: number, identifier: try only(&value))
        guard number != 0 else { return .value }
        attributes.aggregator = aggregator
        return nil
    }

    private mutating func readAS4Aggregator(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        let number = try value.read(UInt32.self)
        let aggregator = Aggregator(autonomousSystem: number, identifier: try only(&value))
        guard number != 0 else { return .value }
        keep(as4Aggregator: aggregator)
        return nil
    }
}

// MARK: Communities

extension AttributeParser {
    private mutating func readCommunities(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        attributes.communities = try list(&value) { reader throws(WireError) in
            Community(rawValue: try reader.read())
        }.sortedUnique
        return attributes.communities.isEmpty ? .length : nil
    }

    private mutating func readExtendedCommunities(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        attributes.extendedCommunities = try list(&value) { reader throws(WireError) in
            ExtendedCommunity(rawValue: try reader.read())
        }.sortedUnique
        return attributes.extendedCommunities.isEmpty ? .length : nil
    }

    private mutating func readLargeCommunities(
        _ value: inout ByteReader
    ) throws(WireError) -> UpdateFault.Problem? {
        attributes.largeCommunities = try list(&value) { reader throws(WireError) in
            LargeCommunity(try reader.read(), try reader.read(), try reader.read())
        }.sortedUnique
        return attributes.largeCommunities.isEmpty ? .length : nil
    }
}

extension AttributeType {
    /// What the routes do without when it is malformed (RFC 7606 §7.6, §7.7, RFC 6793 §6).
    fileprivate var isExpendable: Bool {
        switch self {
        case .atomicAggregate, .aggregator, .as4Path, .as4Aggregator: true
        default: false
        }
    }
}

extension ASPath {
    /// `nil` for a segment of no known kind, an empty one, or one that overruns (RFC 7606 §7.2).
    ///
    ///     | kind | count | AS numbers |
    init?(parsing reader: inout ByteReader, hasFourOctets: Bool) throws(WireError) {
        var words: [UInt32] = []
        words.reserveCapacity(reader.remaining / (hasFourOctets ? 4 : 2) + 1)
        while !reader.isAtEnd {
            let kind = try reader.read(UInt8.self)
            let count = try reader.read(UInt8.self)
            guard SegmentKind(rawValue: kind) != nil, count > 0 else { return nil }
            words.append(UInt32(kind) << 8 | UInt32(count))
            for _ in 0..<count {
                let number =
                    hasFourOctets
                    ? try reader.read(UInt32.self) : UInt32(try reader.read(UInt16.self))
                words.append(number)
            }
        }
        self.init(words: words)
    }
}

extension Address {
    /// A host that packets can go to (RFC 4271 §6.3): no zero, loop, multicast or reserved address.
    var canBeNextHop: Bool {
        guard let v4 else {
            return high >> 56 != 0xff && (high, low) != (0, 0) && (high, low) != (0, 1)
        }
        return v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 28 < 14
    }
}
