import Model
import Wire

/// Reads the attributes of an UPDATE, each error with its consequence (RFC 7606).
///
///     | flags | type | length: 1 octet, or 2 with the Extended Length flag | value |
struct AttributeParser {
    let context: MessageContext
    var attributes = PathAttributes()
    var reach: MultiprotocolReach?
    var unreach: MultiprotocolUnreach?
    var faults: [UpdateFault] = []
    private var as4Path: ASPath?
    private var as4Aggregator: Aggregator?
    /// One bit a type.
    private var seen: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ context: MessageContext) {
        self.context = context
    }

    /// Reads attributes up to the end.
    mutating func parse(_ reader: inout ByteReader) throws(MessageError) {
        while !reader.isAtEnd {
            do {
                let flags = AttributeFlags(rawValue: try reader.read())
                let type = try reader.read(UInt8.self)
                let length =
                    flags.contains(.extendedLength)
                    ? Int(try reader.read(UInt16.self)) : Int(try reader.read(UInt8.self))
                var value = try reader.slice(length)
                try one(type, flags, &value)
            } catch let error as MessageError {
                throw error
            } catch {
                return fault(nil, .overrun, .treatAsWithdraw)
            }
        }
    }

    mutating func fault(
        _ type: UInt8?,
        _ problem: UpdateFault.Problem,
        _ consequence: UpdateConsequence
    ) {
        faults.append(
            UpdateFault(attribute: type, problem: problem, consequence: consequence)
        )
    }

    private mutating func one(
        _ code: UInt8,
        _ flags: AttributeFlags,
        _ value: inout ByteReader
    ) throws(MessageError) {
        let type = AttributeType(rawValue: code)
        guard markSeen(code) else { return try duplicate(code, type) }
        guard let type else { return try unknown(code, flags, &value) }
        guard flags.intersection([.optional, .transitive]) == type.flags else {
            return try wrongFlags(type)
        }
        try known(type, &value)
    }

    /// False if the type has been there before.
    private mutating func markSeen(_ code: UInt8) -> Bool {
        let bit: UInt64 = 1 << UInt64(code & 63)
        func mark(_ word: inout UInt64) -> Bool {
            defer { word |= bit }
            return word & bit == 0
        }
        switch code >> 6 {
        case 0: return mark(&seen.0)
        case 1: return mark(&seen.1)
        case 2: return mark(&seen.2)
        default: return mark(&seen.3)
        }
    }

    func hasSeen(_ type: AttributeType) -> Bool { seen.0 >> UInt64(type.rawValue) & 1 == 1 }

    /// All but the first are discarded; two of the multiprotocol ones cannot be (RFC 7606 §3 (g)).
    private mutating func duplicate(
        _ code: UInt8,
        _ type: AttributeType?
    ) throws(MessageError) {
        switch type {
        case .multiprotocolReach, .multiprotocolUnreach:
            throw MessageError(.update(.malformedAttributeList))
        default: fault(code, .duplicate, .discardAttribute)
        }
    }

    /// RFC 7606 §3 (c); without the multiprotocol ones the routes are not known.
    private mutating func wrongFlags(_ type: AttributeType) throws(MessageError) {
        switch type {
        case .multiprotocolReach, .multiprotocolUnreach:
            throw MessageError(.update(.attributeFlagsError))
        case .as4Path, .as4Aggregator: fault(type.rawValue, .flags, .discardAttribute)
        default: fault(type.rawValue, .flags, .treatAsWithdraw)
        }
    }

    /// Kept if transitive, with the Partial bit; a well-known one must be known (RFC 4271 §5, §6.3).
    private mutating func unknown(
        _ code: UInt8,
        _ flags: AttributeFlags,
        _ value: inout ByteReader
    ) throws(MessageError) {
        guard flags.contains(.optional) else {
            throw MessageError(.update(.unrecognizedWellKnownAttribute))
        }
        guard flags.contains(.transitive) else { return }
        let one = UnknownAttribute(type: code, value: value.readRest(), isPartial: true)
        let index = attributes.unknown.firstIndex { $0.type > code } ?? attributes.unknown.endIndex
        attributes.unknown.insert(one, at: index)
    }
}

// MARK: The attributes as a whole

extension AttributeParser {
    mutating func keep(as4Path path: ASPath) { as4Path = path }
    mutating func keep(as4Aggregator aggregator: Aggregator) { as4Aggregator = aggregator }

    /// RFC 7606 §3 (d); LOCAL_PREF has a default, whoever leaves it out.
    mutating func requireMandatory(hasNLRI: Bool) {
        var mandatory: [AttributeType] = [.origin, .asPath]
        if hasNLRI { mandatory.append(.nextHop) }
        for type in mandatory where !hasSeen(type) {
            fault(type.rawValue, .missing, .treatAsWithdraw)
        }
    }

    /// The attributes with what a 2-octet speaker could not say put back (RFC 6793 §4.2.3).
    func merged() -> PathAttributes {
        guard !context.hasFourOctetAS else { return attributes }
        var attributes = attributes
        if let old = attributes.aggregator, let new = as4Aggregator {
            // One with a real number was aggregated by an old speaker: newer than the AS4 ones.
            guard old.autonomousSystem == UInt32(OpenMessage.asTrans) else { return attributes }
            attributes.aggregator = new
        }
        if let as4Path { attributes.asPath = attributes.asPath.merged(withAS4Path: as4Path) }
        return attributes
    }
}

extension PathAttributes {
    /// Reads what `write` wrote with 4-octet AS numbers, for whoever keeps attributes as bytes.
    package init(stored bytes: ArraySlice<UInt8>) {
        var parser = AttributeParser(MessageContext())
        var reader = ByteReader(bytes.span.bytes)
        // Our own bytes: there is nothing to refuse.
        try? parser.parse(&reader)
        self = parser.attributes
    }
}
