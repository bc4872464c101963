import JSON
import Model

// The text form of the environment and of felix.cfg, and the JSON form of FelixConfiguration.

extension FelixType {
    /// Parses the text form; `nil` for a bad value.
    ///
    /// The name tells the unit of plain numbers.
    func parse(_ text: String, name: String) -> FelixValue? {
        switch self {
        case .bool: Self.bool(text).map { .bool($0) }
        case .integer(let range):
            Int64(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .duration: Self.duration(text, name: name).map { .duration($0) }
        case .text(let format): format.problem(text) == nil ? .text(text) : nil
        case .texts(let format):
            Self.list(text).flatMap { list in
                list.allSatisfy { format.problem($0) == nil } ? .texts(list) : nil
            }
        case .words(let words), .exactWords(let words):
            words.first { $0.lowercased() == text.lowercased() }.map { .text($0) }
        case .mask: Self.number(text).flatMap { Self.mask($0) }
        case .portRange: Self.portRange(.string(text))
        case .ports:
            Self.list(text).flatMap { Self.ports($0.map { JSONValue.string($0) }) }
        case .hostPorts: Self.list(text).flatMap(Self.hostPorts)
        case .pairs, .timeouts: Self.list(text).flatMap(Self.pairs)
        case .tableRange, .tableRanges: Self.list(text).flatMap(Self.tables)
        }
    }

    /// Parses the form of FelixConfiguration; `nil` for a bad value.
    func parse(_ value: JSONValue) -> FelixValue? {
        var findings = Findings()
        shape.check(value, at: .root, &findings)
        guard findings.errors.isEmpty else { return nil }
        switch self {
        case .bool: return value.bool.map { .bool($0) }
        case .integer: return value.int.map { .integer($0) }
        case .duration:
            return value.string.flatMap { Duration(goDuration: $0) }.map { .duration($0) }
        case .text, .words, .exactWords: return value.string.flatMap { parse($0, name: "") }
        case .texts: return .texts((value.array ?? []).compactMap(\.string))
        case .mask: return (value.int ?? value.string.flatMap(Self.number)).flatMap(Self.mask)
        case .portRange: return Self.portRange(value)
        case .ports: return Self.ports(value.array ?? [])
        case .hostPorts: return .hostPorts((value.array ?? []).compactMap(Self.hostPort))
        case .pairs:
            let members = value.object?.members ?? []
            return .pairs(
                Dictionary(members.map { ($0.key, $0.value.string ?? "") }) { _, last in last }
            )
        case .timeouts:
            let entries = (value.array ?? []).map {
                ($0.text("name") ?? "", $0.text("timeout") ?? "")
            }
            return .pairs(Dictionary(entries) { _, last in last })
        case .tableRange: return Self.tableRange(value).map { .tables([$0]) }
        case .tableRanges: return .tables((value.array ?? []).compactMap(Self.tableRange))
        }
    }

    // MARK: Scalars

    private static func bool(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "yes", "y", "t": true
        case "false", "0", "no", "n", "f": false
        default: nil
        }
    }

    /// Decimal, or hexadecimal after `0x`.
    static func number(_ text: String) -> Int64? {
        text.lowercased().hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16) : Int64(text)
    }

    private static func mask(_ number: Int64) -> FelixValue? {
        guard let mask = UInt32(exactly: number), mask.nonzeroBitCount >= 2 else { return nil }
        return .integer(number)
    }

    /// A plain number counts seconds, or milliseconds for a name that says so.
    private static func duration(_ text: String, name: String) -> Duration? {
        guard let number = Double(text) else { return Duration(goDuration: text) }
        guard number.magnitude < 1e9 else { return nil }
        return .seconds(name.hasSuffix("Millis") ? number / 1000 : number)
    }

    // MARK: Lists

    /// Parts between commas, without space around them; empty text and `none` are no parts.
    private static func list(_ text: String) -> [String]? {
        let parts = text.split(separator: ",").map { part in
            String(part.trimming { $0 == " " || $0 == "\t" })
        }
        return parts.map { $0.lowercased() } == ["none"] ? [] : parts.filter { !$0.isEmpty }
    }

    private static func portRange(_ value: JSONValue) -> FelixValue? {
        if value.int == 0 || value.string == "0" { return .ports([]) }
        guard case .range(let range) = PortMatch(value) else { return nil }
        return .ports([range])
    }

    private static func ports(_ values: [JSONValue]) -> FelixValue? {
        var result: [ClosedRange<UInt16>] = []
        for value in values {
            guard case .range(let range) = PortMatch(value) else { return nil }
            result.append(range)
        }
        return .ports(result)
    }

    private static func pairs(_ entries: [String]) -> FelixValue? {
        var result: [String: String] = [:]
        for entry in entries {
            guard let equals = entry.firstIndex(of: "="), equals > entry.startIndex
            else { return nil }
            result[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        return .pairs(result)
    }

    private static func tables(_ entries: [String]) -> FelixValue? {
        var result: [ClosedRange<UInt32>] = []
        for entry in entries {
            let ends = entry.split(separator: "-").compactMap { decimal($0) }
                .compactMap(UInt32.init(exactly:))
            guard let lower = ends.first, let upper = ends.last, lower <= upper, ends.count <= 2
            else { return nil }
            result.append(lower...upper)
        }
        return .tables(result)
    }

    private static func tableRange(_ value: JSONValue) -> ClosedRange<UInt32>? {
        guard let lower = value["min"]?.int.flatMap(UInt32.init(exactly:)),
            let upper = value["max"]?.int.flatMap(UInt32.init(exactly:)), lower <= upper
        else { return nil }
        return lower...upper
    }

    // MARK: Host ports

    private static func hostPort(_ value: JSONValue) -> FelixHostPort? {
        let name = value.text("protocol") ?? "TCP"
        guard let found = IPProtocol(name), found.takesPorts,
            let port = UInt16(exactly: value["port"]?.int ?? 0)
        else { return nil }
        return FelixHostPort(
            protocol: found,
            port: port,
            net: value.text("net").flatMap { Prefix($0) }
        )
    }

    /// `22`, `udp:68`, `tcp:10.0.0.0/8:22`, `tcp:[fd00::/8]:22`.
    private static func hostPorts(_ entries: [String]) -> FelixValue? {
        var result: [FelixHostPort] = []
        for entry in entries {
            let rest = entry.split(separator: ":", maxSplits: 1)
            let (name, end) = rest.count == 2 ? (rest[0], rest[1]) : ("tcp", rest[0])
            let colon = end.lastIndex(of: ":")
            let digits = colon.map { end[end.index(after: $0)...] } ?? end
            var net: Prefix?
            if let colon {
                let text = end[..<colon].trimming { $0 == "[" || $0 == "]" }
                guard let prefix = Prefix(text) else { return nil }
                net = prefix
            }
            guard let found = IPProtocol(name), found.takesPorts,
                let port = decimal(digits).flatMap(UInt16.init(exactly:)), port > 0
            else { return nil }
            result.append(FelixHostPort(protocol: found, port: port, net: net))
        }
        return .hostPorts(result)
    }
}

extension StringProtocol {
    /// Without the characters at both ends for which `isTrimmed` holds.
    func trimming(_ isTrimmed: (Character) -> Bool) -> SubSequence {
        guard let first = firstIndex(where: { !isTrimmed($0) }),
            let last = lastIndex(where: { !isTrimmed($0) })
        else { return self[startIndex..<startIndex] }
        return self[first...last]
    }
}
