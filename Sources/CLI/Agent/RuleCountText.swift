internal import JSON

/// What a rule decided, added up over agents.
struct RuleTally: Hashable, Sendable {
    var connections: Int64 = 0
    var packets: Int64 = 0
    var bytes: Int64 = 0

    /// `nil` for a rule that no table refers to.
    init?(_ json: JSONValue?) {
        guard let json, !json.isNull else { return nil }
        connections = json["connections"]?.int ?? 0
        packets = json["packets"]?.int ?? 0
        bytes = json["bytes"]?.int ?? 0
    }

    static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.connections &+= right.connections
        sum.packets &+= right.packets
        sum.bytes &+= right.bytes
        return sum
    }

    var json: JSONValue {
        ["connections": .int(connections), "packets": .int(packets), "bytes": .int(bytes)]
    }
}

/// The sum of two figures of which either may be missing.
func sum(_ left: RuleTally?, _ right: RuleTally?) -> RuleTally? {
    guard let left else { return right }
    return right.map { left + $0 } ?? left
}
