// The forms of names and labels, as RFC 1035, RFC 1123, RFC 6335 and Kubernetes spell them. Written
// as loops over bytes: they run for every object of the store, and need no regular expressions.

/// Rules for names, all over bytes.
enum Names {
    static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || (0x41...0x5a).contains(byte)
    }

    /// A DNS label without its limit of length: lower case, digits, inner `-`.
    static func isLabel(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return false }
        return isLowerOrDigit(first) && isLowerOrDigit(last)
            && bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Labels joined by dots, at most 253 bytes.
    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false)
                .allSatisfy { isLabel($0) }
    }

    /// Alphanumeric at both ends, `-`, `_` and `.` inside, at most 63 bytes.
    static func isQualifiedNamePart(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...63).contains(bytes.count), let first = bytes.first, let last = bytes.last
        else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    /// Kubernetes' keys of labels and annotations: an optional subdomain and `/`, then a name.
    static func isQualifiedName(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return isQualifiedNamePart(parts[0])
        case 2: return isSubdomain(parts[0]) && isQualifiedNamePart(parts[1])
        default: return false
        }
    }

    static func isLabelValue(_ text: some StringProtocol) -> Bool {
        text.isEmpty || isQualifiedNamePart(text)
    }

    /// RFC 6335 §5.1: 1 to 15 of lower case, digits and single inner `-`, with a letter.
    static func isServiceName(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 15 && isLabel(text) && !text.contains("--")
            && text.utf8.contains { (0x61...0x7a).contains($0) }
    }

    /// Between the lengths, of alphanumeric characters and the others given.
    static func consists(
        _ text: some StringProtocol,
        of others: String,
        length: ClosedRange<Int>
    ) -> Bool {
        length.contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || others.utf8.contains($0) }
    }
}

/// A number of decimal digits alone; Swift's own parsing also takes a sign.
@Sendable func decimal(_ text: some StringProtocol) -> UInt64? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
}

extension TextFormat {
    static let name = TextFormat("a DNS name in lower case", Names.isSubdomain)
    static let dnsLabel = TextFormat("a DNS label of at most 63 characters") {
        $0.utf8.count <= 63 && Names.isLabel($0)
    }
    static let labelKey = TextFormat("a label name", Names.isQualifiedName)
    static let labelValue = TextFormat(
        "a label value: at most 63 of letters, digits, -, _ and .",
        Names.isLabelValue
    )
    /// Compared in lower case, as Kubernetes does.
    static let annotationKey = TextFormat("an annotation name") {
        Names.isQualifiedName($0.lowercased())
    }
    static let portName = TextFormat(
        "a port name: at most 15 of lower case letters, digits and -",
        Names.isServiceName
    )

    static let interface = TextFormat("an interface name of at most 15 characters") {
        Names.consists($0, of: "_.-", length: 1...15)
    }
    static let interfaceOrAll = TextFormat("an interface name of at most 15 characters, or *") {
        $0 == "*" || Names.consists($0, of: "_.-", length: 1...15)
    }
    static let interfaceGlob = TextFormat(
        "an interface name of at most 15 characters, with * as a wildcard"
    ) {
        Names.consists($0, of: "_.-*", length: 1...15)
    }
    /// `*` alone would ignore every interface.
    static let ignoredInterface = TextFormat(
        "an interface name, with * as a wildcard but not alone"
    ) {
        $0 != "*" && Names.consists($0, of: "_.-*", length: 1...15)
    }
    static let interfaceFilter = TextFormat(
        "an interface name of at most 15 characters, with + as a wildcard"
    ) {
        Names.consists($0, of: ":._+-", length: 1...15)
    }
    static let metricsHost = TextFormat("a host name or an IP address") {
        Names.consists($0, of: ":._+-", length: 1...64)
    }
    static let containerID = TextFormat("a container id: letters, digits and inner -") { text in
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return false }
        return Names.isAlphanumeric(first) && Names.isAlphanumeric(last)
            && Names.consists(text, of: "-", length: 1...Int.max)
    }
}
