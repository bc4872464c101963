package import JSON
package import Model

// Fields that take a number or a string: ports, protocols, AS numbers.

extension PortMatch {
    /// Reads a rule's port: a number, `"min:max"` or a name.
    package init?(_ value: JSONValue) {
        switch value {
        case .int(let number):
            guard let port = UInt16(exactly: number), port > 0 else { return nil }
            self = .range(port...port)
        case .string(let text):
            self.init(text: text)
        default:
            return nil
        }
    }

    private init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap(decimal)
        guard numbers.count == parts.count else {
            guard Names.consists(text, of: "_.-", length: 1...128) else { return nil }
            self = .named(text)
            return
        }
        guard (1...2).contains(parts.count), let lower = UInt16(exactly: numbers[0]),
            let upper = UInt16(exactly: numbers[numbers.count - 1]), lower > 0, lower <= upper
        else { return nil }
        self = .range(lower...upper)
    }
}

extension IPProtocol {
    /// Reads a rule's protocol: a name as the API spells it, or a number from 1 to 255.
    package init?(_ value: JSONValue) {
        switch value {
        case .int(let number):
            guard let number = UInt8(exactly: number), number > 0 else { return nil }
            self.init(rawValue: number)
        case .string(let text):
            guard let found = IPProtocol(text),
                found.description == text || decimal(text) != nil
            else { return nil }
            self = found
        default:
            return nil
        }
    }
}

/// A BGP AS number of 32 bits (RFC 6793), also written `high.low` (RFC 5396).
package struct ASNumber: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package init?(_ value: JSONValue) {
        switch value {
        case .int(let number):
            guard let number = UInt32(exactly: number) else { return nil }
            self.init(rawValue: number)
        case .string(let text):
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
                .compactMap { decimal($0) }
            if parts.count == 2, let high = UInt16(exactly: parts[0]),
                let low = UInt16(exactly: parts[1])
            {
                self.init(rawValue: UInt32(high) << 16 | UInt32(low))
            } else if let number = decimal(text).flatMap(UInt32.init(exactly:)) {
                self.init(rawValue: number)
            } else {
                return nil
            }
        default:
            return nil
        }
    }

    package var description: String { String(rawValue) }
}

extension ScalarFormat {
    static let port = ScalarFormat("a port from 1 to 65535, a range \"min:max\" or a port name") {
        PortMatch($0) != nil
    }
    /// `0` stands for none.
    static let portRange = ScalarFormat("a port or a range \"min:max\"") { value in
        if value.int == 0 || value.string == "0" { return true }
        guard case .range = PortMatch(value) else { return false }
        return true
    }
    static let numericPort = ScalarFormat("a port or a range \"min:max\", not a name") { value in
        guard case .range = PortMatch(value) else { return false }
        return true
    }
    static let `protocol` = ScalarFormat(
        "TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or a number from 1 to 255"
    ) {
        IPProtocol($0) != nil
    }
    /// TCP, UDP and SCTP, which Calico lets ports be given for.
    static let portProtocol = ScalarFormat("TCP, UDP or SCTP") { value in
        IPProtocol(value)?.takesPorts ?? false
    }
    static let asNumber = ScalarFormat("an AS number") { ASNumber($0) != nil }
    /// Kubernetes' IntOrString.
    static let portOrName = ScalarFormat("a port number or a port name") { value in
        switch value {
        case .int(let number): (1...65535).contains(number)
        case .string(let name): Names.isServiceName(name)
        default: false
        }
    }
}

extension IPProtocol {
    /// Whether Calico's API takes ports for it; UDPLite has ports but is not among them.
    var takesPorts: Bool { self == .tcp || self == .udp || self == .sctp }
}
