import Wire

/// OPEN: who speaks and what it can do (RFC 4271 §4.2).
///
///     19        20   22          24           28              29
///     | version | AS | hold time | identifier | params length | parameters …
///
/// Parameters longer than 255 octets take the form of RFC 9072:
///
///     28    29    30       32
///     | 255 | 255 | length | (type | length: 2 octets | value) …
package struct OpenMessage: Hashable, Sendable {
    /// The 2-octet AS number; `asTrans` for one that does not fit (RFC 6793 §9).
    package var autonomousSystem: UInt16
    /// Seconds; 0 for none.
    package var holdTime: UInt16
    /// BGP Identifier, never 0 (RFC 6286 §2.1).
    package var identifier: UInt32
    package var capabilities: [Capability]

    /// Stands for an AS number that does not fit two octets.
    package static let asTrans: UInt16 = 23_456

    private static let version: UInt8 = 4
    private static let capabilitiesParameter: UInt8 = 2
    private static let extendedParameters: UInt8 = 255

    package init(
        autonomousSystem: UInt16,
        holdTime: UInt16,
        identifier: UInt32,
        capabilities: [Capability]
    ) {
        self.autonomousSystem = autonomousSystem
        self.holdTime = holdTime
        self.identifier = identifier
        self.capabilities = capabilities
    }

    /// The speaker's AS number, in four octets if it says so (RFC 6793 §4.1).
    package var fullAutonomousSystem: UInt32 {
        for case .fourOctetAS(let number) in capabilities { return number }
        return UInt32(autonomousSystem)
    }
}

extension OpenMessage {
    /// Checks what needs no configuration, in the order of RFC 4271 §6.2.
    init(parsing reader: inout ByteReader) throws(MessageError) {
        do {
            let version = try reader.read(UInt8.self)
            guard version == Self.version else {
                throw MessageError(.open(.unsupportedVersionNumber), data: [0, Self.version])
            }
            autonomousSystem = try reader.read()
            holdTime = try reader.read()
            identifier = try reader.read()
            capabilities = []
            try parseParameters(&reader)
        } catch let error as MessageError {
            throw error
        } catch {
            throw MessageError(.open(.unspecific))
        }
        // RFC 7607 §2.
        guard fullAutonomousSystem != 0 else { throw MessageError(.open(.badPeerAS)) }
        guard holdTime == 0 || holdTime >= 3 else {
            throw MessageError(.open(.unacceptableHoldTime))
        }
        guard identifier != 0 else { throw MessageError(.open(.badBGPIdentifier)) }
    }

    private mutating func parseParameters(_ reader: inout ByteReader) throws {
        let count = Int(try reader.read(UInt8.self))
        guard count > 0 else { return try Self.requireEnd(reader) }
        // RFC 9072 §2: the type says it, whatever the length before it.
        var whole = reader
        if try whole.read(UInt8.self) == Self.extendedParameters {
            reader = whole
            let length = Int(try reader.read(UInt16.self))
            var parameters = try reader.slice(length)
            while !parameters.isAtEnd {
                let type = try parameters.read(UInt8.self)
                let length = Int(try parameters.read(UInt16.self))
                var value = try parameters.slice(length)
                try parseParameter(type, &value)
            }
        } else {
            var parameters = try reader.slice(count)
            while !parameters.isAtEnd {
                let type = try parameters.read(UInt8.self)
                let length = Int(try parameters.read(UInt8.self))
                var value = try parameters.slice(length)
                try parseParameter(type, &value)
            }
        }
        try Self.requireEnd(reader)
    }

    private static func requireEnd(_ reader: borrowing ByteReader) throws {
        guard reader.isAtEnd else { throw MessageError(.open(.unspecific)) }
    }

    private mutating func parseParameter(_ type: UInt8, _ value: inout ByteReader) throws {
        guard type == Self.capabilitiesParameter else {
            throw MessageError(.open(.unsupportedOptionalParameter))
        }
        while !value.isAtEnd {
            let code = try value.read(UInt8.self)
            let length = Int(try value.read(UInt8.self))
            var body = try value.slice(length)
            capabilities.append(try Capability(code: code, parsing: &body))
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Self.version)
        writer.write(autonomousSystem)
        writer.write(holdTime)
        writer.write(identifier)
        var list = ByteWriter()
        for capability in capabilities { capability.write(to: &list) }
        switch list.count {
        case 0:
            writer.write(UInt8(0))
        case 1...253:
            writer.write(UInt8(list.count + 2))
            writer.write(Self.capabilitiesParameter)
            writer.write(UInt8(list.count))
            writer.write(bytes: list.bytes)
        default:
            writer.write(Self.extendedParameters)
            writer.write(Self.extendedParameters)
            writer.write(UInt16(list.count + 3))
            writer.write(Self.capabilitiesParameter)
            writer.write(UInt16(list.count))
            writer.write(bytes: list.bytes)
        }
    }
}
