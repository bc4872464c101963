package import Model
import Selector

// The formats of values inside specs (inventory §2.3).

extension TextFormat {
    static let address = TextFormat("an IP address") { Address($0) != nil }
    static let addressV4 = TextFormat("an IPv4 address") { Address($0)?.family == .v4 }
    static let addressV6 = TextFormat("an IPv6 address") { Address($0)?.family == .v6 }

    /// Calico's `cidr`: bits after the prefix may be set; a lone address counts as a prefix.
    static let cidr = TextFormat("a CIDR or an IP address") { Prefix($0) != nil }
    static let cidrV4 = TextFormat("an IPv4 CIDR or address") { Prefix($0)?.family == .v4 }
    static let cidrV6 = TextFormat("an IPv6 CIDR or address") { Prefix($0)?.family == .v6 }

    /// Calico's `net`: bits after the prefix must be zero.
    static let net = TextFormat("a CIDR without host bits, or an IP address", isStrictNet)
    static let netV4 = TextFormat("an IPv4 CIDR without host bits, or an IPv4 address") {
        Prefix($0)?.family == .v4 && isStrictNet($0)
    }
    static let netV6 = TextFormat("an IPv6 CIDR without host bits, or an IPv6 address") {
        Prefix($0)?.family == .v6 && isStrictNet($0)
    }
    static let singleNet = TextFormat("one IP address, or a CIDR that holds just one") {
        Prefix($0)?.isSingleAddress ?? false
    }

    @Sendable private static func isStrictNet(_ text: String) -> Bool {
        guard let prefix = Prefix(text) else { return false }
        return Address(text.prefix { $0 != "/" }) == prefix.address
    }

    static let mac = TextFormat("a MAC address") { MAC($0) != nil }

    static let duration = TextFormat("a duration, as 90s or 1h30m") {
        Duration(goDuration: $0) != nil
    }
    static let positiveDuration = TextFormat("a duration of at least 0, as 90s") {
        Duration(goDuration: $0).map { $0 >= .zero } ?? false
    }

    static let regularExpression = TextFormat("a regular expression") { text in
        // Far longer ones are no use and only feed a hostile pattern to the parser.
        text.utf8.count <= 1024 && (try? Regex(text)) != nil
    }

    // MARK: Selectors

    /// At most 1024 characters, without `global()`.
    static let selector = TextFormat("a selector") { selectorProblem($0, allowsGlobal: false) }
    static let anySelector = TextFormat("a selector") { selectorProblem($0, allowsGlobal: true) }

    /// In a rule, `global()` may stand alone and means what is in no namespace.
    static let namespaceSelector = TextFormat("a selector") { text in
        let words = text.split { $0 == " " || $0 == "\t" }
        return selectorProblem(text, allowsGlobal: words == ["global()"])
    }

    @Sendable private static func selectorProblem(
        _ text: String,
        allowsGlobal: Bool
    ) -> String? {
        guard text.utf8.count <= 1024 || text.unicodeScalars.count <= 1024
        else { return "expected a selector of at most 1024 characters" }
        do {
            _ = try Selector(parsing: text)
        } catch {
            return "expected a selector: \(error)"
        }
        // Calico looks for the text, and so refuses it inside a string literal too.
        guard allowsGlobal || !namesGlobal(text)
        else { return "expected a selector without global()" }
        return nil
    }

    /// By bytes: searching for a text by its characters costs more than parsing the selector.
    private static func namesGlobal(_ text: String) -> Bool {
        var rest = text.utf8[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "g")) {
            rest = rest[start...]
            if rest.starts(with: "global(".utf8) { return true }
            rest = rest.dropFirst()
        }
        return false
    }

    // MARK: BGP

    /// RFC 1997 `aa:nn` with 16 bits each, or RFC 8092 `aa:nn:mm` with 32 bits each.
    static let community = TextFormat("a community: aa:nn or aa:nn:mm") { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 2: return parts.allSatisfy { isDecimal($0, max: 0xffff) }
        case 3: return parts.allSatisfy { isDecimal($0, max: 0xffff_ffff) }
        default: return false
        }
    }

    @Sendable private static func isDecimal(_ text: Substring, max: UInt64) -> Bool {
        decimal(text).map { $0 <= max } ?? false
    }

    static let peerAddress = TextFormat(
        "an IP address, or one with a port: 10.0.0.1:179, [fd00::1]:179"
    ) {
        PeerAddress($0) != nil
    }
}

/// The `peerIP` of a BGPPeer: `address`, `v4:port` or `[address]:port`.
package struct PeerAddress: Hashable, Sendable {
    package let address: Address
    /// `nil` when the text names none.
    package let port: UInt16?

    package init?(_ text: String) {
        if let address = Address(text) {
            self.address = address
            port = nil
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let address = Address(host),
            let port = decimal(digits).flatMap(UInt16.init(exactly:)),
            port > 0
        else { return nil }
        self.address = address
        self.port = port
    }
}
