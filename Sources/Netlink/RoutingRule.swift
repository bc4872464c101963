import CLinux
import Glibc
package import Model
package import Wire

/// A routing rule: which packets look in which table.
package struct RoutingRule: Hashable, Sendable {
    package var family: Family
    /// Rules are asked in this order, lowest first.
    package var priority: UInt32
    package var table: RouteTable
    package var source: Prefix?
    package var destination: Prefix?
    /// Packet mark, compared under `markMask`.
    package var mark: UInt32?
    package var markMask: UInt32
    /// Applies to packets that do *not* match.
    package var isInverted: Bool

    package init(
        family: Family,
        priority: UInt32,
        table: RouteTable,
        source: Prefix? = nil,
        destination: Prefix? = nil,
        mark: UInt32? = nil,
        markMask: UInt32 = .max,
        isInverted: Bool = false
    ) {
        self.family = family
        self.priority = priority
        self.table = table
        self.source = source
        self.destination = destination
        self.mark = mark
        self.markMask = markMask
        self.isInverted = isInverted
    }
}

extension RoutingRule: CustomStringConvertible {
    package var description: String { "\(priority) to table \(table.rawValue)" }
}

extension RoutingRule {
    /// Reads the body of `RTM_NEWRULE`; `nil` for other families and for rules that do something
    /// else than look in a table.
    ///
    ///     | fib_rule_hdr (12 bytes) | FRA_… |
    package init?(parsing reader: inout ByteReader) throws(WireError) {
        let fixed = try reader.readNative(fib_rule_hdr.self)
        guard let family = Family(number: fixed.family), Int(fixed.action) == FR_ACT_TO_TBL
        else { return nil }
        self.init(
            family: family,
            priority: 0,
            table: RouteTable(rawValue: UInt32(fixed.table)),
            isInverted: fixed.flags & UInt32(FIB_RULE_INVERT) != 0
        )
        var rule = self
        try forEachAttribute(&reader) { type, value throws(WireError) in
            try rule.read(type, &value, fixed)
        }
        self = rule
    }

    private mutating func read(
        _ type: UInt16,
        _ value: inout ByteReader,
        _ fixed: fib_rule_hdr
    ) throws(WireError) {
        switch Int(type) {
        case FRA_PRIORITY: priority = try value.readNative()
        case FRA_TABLE: table = RouteTable(rawValue: try value.readNative())
        case FRA_FWMARK: mark = try value.readNative(UInt32.self)
        case FRA_FWMASK: markMask = try value.readNative()
        case FRA_SRC:
            source = Address(bytes: value.readRest()).flatMap {
                Prefix($0, length: Int(fixed.src_len))
            }
        case FRA_DST:
            destination = Address(bytes: value.readRest()).flatMap {
                Prefix($0, length: Int(fixed.dst_len))
            }
        default: break
        }
    }
}

extension NetlinkMessage {
    package static func addRule(_ rule: RoutingRule) -> NetlinkMessage {
        Self.rule("add rule", rule, type: RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL)
    }

    package static func deleteRule(_ rule: RoutingRule) -> NetlinkMessage {
        Self.rule("delete rule", rule, type: RTM_DELRULE)
    }

    private static func rule(
        _ verb: String,
        _ rule: RoutingRule,
        type: Int,
        flags: Int32 = 0
    ) -> NetlinkMessage {
        var message = NetlinkMessage(verb, "\(rule)", type: type, flags: flags)
        var fixed = fib_rule_hdr()
        fixed.family = rule.family.number
        fixed.src_len = UInt8(rule.source?.length ?? 0)
        fixed.dst_len = UInt8(rule.destination?.length ?? 0)
        fixed.action = UInt8(FR_ACT_TO_TBL)
        fixed.flags = rule.isInverted ? UInt32(FIB_RULE_INVERT) : 0
        message.append(fixed: fixed)
        message.append(FRA_PRIORITY, rule.priority)
        message.append(FRA_TABLE, rule.table.rawValue)
        if let source = rule.source { message.append(FRA_SRC, source.address) }
        if let destination = rule.destination { message.append(FRA_DST, destination.address) }
        if let mark = rule.mark {
            message.append(FRA_FWMARK, mark)
            message.append(FRA_FWMASK, rule.markMask)
        }
        return message
    }
}

extension NetlinkSocket {
    /// Adds a rule; `EEXIST` when the same one is there.
    package mutating func addRule(_ rule: RoutingRule) throws(NetlinkError) {
        try perform(.addRule(rule))
    }

    /// Deletes a rule; `ENOENT` when there is none.
    package mutating func deleteRule(_ rule: RoutingRule) throws(NetlinkError) {
        try perform(.deleteRule(rule))
    }

    /// All rules of one family, in their order.
    package mutating func rules(_ family: Family) throws(NetlinkError) -> [RoutingRule] {
        var message = NetlinkMessage("list", "rules", type: RTM_GETRULE)
        var fixed = fib_rule_hdr()
        fixed.family = family.number
        message.append(fixed: fixed)
        return try dumpAll(message, of: RTM_NEWRULE) { reader throws(WireError) in
            try RoutingRule(parsing: &reader)
        }
    }
}
