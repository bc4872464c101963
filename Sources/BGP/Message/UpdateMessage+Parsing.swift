import Model
import Wire

extension UpdateMessage {
    /// Parses what follows the header.
    ///
    /// Errors that the session outlives end in `faults` (RFC 7606 §3); those that it does not are
    /// thrown.
    init(parsing reader: inout ByteReader, _ context: MessageContext) throws(MessageError) {
        self.init()
        // RFC 7606 §3 (a): lengths that contradict the message's leave nothing to rely on.
        let malformed = MessageError(.update(.malformedAttributeList))
        let parsed: AttributeParser
        do {
            let withdrawnLength = Int(try reader.read(UInt16.self))
            var withdrawnReader = try reader.slice(withdrawnLength)
            withdrawn = try Self.routes(&withdrawnReader, context)
            let attributesLength = Int(try reader.read(UInt16.self))
            var attributesReader = try reader.slice(attributesLength)
            var parser = AttributeParser(context)
            try parser.parse(&attributesReader)
            parsed = parser
            nlri = try Self.routes(&reader, context)
        } catch let error as MessageError {
            throw error
        } catch {
            throw malformed
        }
        multiprotocolReach = parsed.reach
        multiprotocolUnreach = parsed.unreach
        conclude(parsed)
    }

    private static func routes(
        _ reader: inout ByteReader,
        _ context: MessageContext
    ) throws(MessageError) -> [NLRI] {
        do {
            return try NLRI.parse(&reader, .v4, hasPathIDs: context.addPath.contains(.v4))
        } catch {
            // RFC 7606 §5.3: where the next prefix starts cannot be known.
            throw MessageError(.update(.invalidNetworkField))
        }
    }

    /// Looks at the attributes as a whole (RFC 4271 §6.3, RFC 7606 §3 (d)).
    private mutating func conclude(_ parsed: AttributeParser) {
        var parsed = parsed
        let hasRoutes = !nlri.isEmpty || multiprotocolReach != nil
        if hasRoutes { parsed.requireMandatory(hasNLRI: !nlri.isEmpty) }
        faults = parsed.faults
        if faults.contains(where: { $0.consequence == .treatAsWithdraw }) {
            withdrawAll()
        } else if hasRoutes {
            attributes = parsed.merged()
        }
    }

    /// RFC 7606 §2: what the message would have announced is withdrawn.
    private mutating func withdrawAll() {
        withdrawn += nlri
        nlri = []
        guard let reach = multiprotocolReach else { return }
        multiprotocolReach = nil
        let family = AddressFamily(reach.family)
        switch multiprotocolUnreach?.family {
        case nil: multiprotocolUnreach = MultiprotocolUnreach(family, withdrawn: reach.nlri)
        case family: multiprotocolUnreach?.withdrawn += reach.nlri
        default:
            // IPv4 routes have a field of their own; it is IPv6's attribute that others may share.
            if reach.family == .v4 { withdrawn += reach.nlri } else { moveUnreachToField(reach) }
        }
    }

    /// The attribute holds IPv4 or nothing that we carry: makes room in it for IPv6.
    private mutating func moveUnreachToField(_ reach: MultiprotocolReach) {
        withdrawn += multiprotocolUnreach?.withdrawn ?? []
        multiprotocolUnreach = MultiprotocolUnreach(.ipv6Unicast, withdrawn: reach.nlri)
    }
}
