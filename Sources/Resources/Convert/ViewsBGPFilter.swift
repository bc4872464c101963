internal import JSON
package import Model

/// A BGPFilter: which routes come in from a peer and go out to it.
package struct BGPFilterView: Hashable, Sendable {
    /// The direction of a route, seen from the node.
    package enum Direction: String, Hashable, Sendable, CaseIterable {
        case `import`
        case export
    }

    package let name: String
    private var rules: [Key: [BGPFilterRule]] = [:]

    private struct Key: Hashable {
        let direction: Direction
        let family: Family
    }

    package init(_ resource: Resource) throws(ConversionError) {
        name = resource.name
        guard let spec = Field(resource)["spec"] else { return }
        for direction in Direction.allCases {
            for family in Family.allCases {
                let fields = try spec.list("\(direction.rawValue)V\(family.rawValue)")
                rules[Key(direction: direction, family: family)] = try fields.map {
                    field throws(ConversionError) in try BGPFilterRule(field)
                }
            }
        }
    }

    /// In order, and the first that matches decides; none when the filter says nothing about these.
    package func rules(_ direction: Direction, _ family: Family) -> [BGPFilterRule] {
        rules[Key(direction: direction, family: family)] ?? []
    }
}

/// One rule of a filter: all conditions that it has must hold.
package struct BGPFilterRule: Hashable, Sendable {
    /// How a route's prefix is compared with the rule's.
    package enum MatchOperator: String, Hashable, Sendable, CaseIterable {
        case equal = "Equal"
        case notEqual = "NotEqual"
        case within = "In"
        case notWithin = "NotIn"
    }

    /// Whether the peer is of the own AS.
    package enum PeerType: String, Hashable, Sendable, CaseIterable {
        case external = "eBGP"
        case `internal` = "iBGP"
    }

    /// What is done to a route that is accepted.
    package enum Operation: Hashable, Sendable {
        case addCommunity(Community)
        case prependPath([UInt32])
        case setPriority(UInt32)
    }

    /// A prefix to compare with.
    package struct NetMatch: Hashable, Sendable {
        package let cidr: Prefix
        package let matchOperator: MatchOperator
        /// Of the route; `nil` for any.
        package let lengths: ClosedRange<Int>?
    }

    package let net: NetMatch?
    /// The route was learnt from a peer.
    package let isFromPeers: Bool
    /// A name with `*` for any characters.
    package let interface: String?
    package let peerType: PeerType?
    package let community: Community?
    package let pathPrefix: [UInt32]
    /// The route's metric.
    package let priority: UInt32?
    package let accepts: Bool
    package let operations: [Operation]

    init(_ field: Field) throws(ConversionError) {
        net = try field.netMatch()
        isFromPeers = try field.text("source")?.lowercased() == "remotepeers"
        interface = try field.text("interface")
        peerType = try field.word("peerType")
        community = try field["communities"]?.list("values").first?.community()
        pathPrefix = try field.list("asPathPrefix")
            .map { field throws(ConversionError) in try field.asNumber() }
        priority = try field["priority"]?.integer(UInt32.self, in: 1...2_147_483_646)
        guard let action = try field.text("action"),
            ["accept", "reject"].contains(action.lowercased())
        else { throw field.orEmpty("action").error("is neither Accept nor Reject") }
        accepts = action.lowercased() == "accept"
        operations = try field.list("operations")
            .map { field throws(ConversionError) in try field.operation() }
        guard accepts || operations.isEmpty
        else { throw field.orEmpty("operations").error("are allowed with action Accept only") }
    }
}

extension Field {
    fileprivate func netMatch() throws(ConversionError) -> BGPFilterRule.NetMatch? {
        guard try text("cidr") != nil else {
            guard try text("matchOperator") == nil
            else { throw orEmpty("matchOperator").error("needs cidr") }
            return nil
        }
        guard let matchOperator: BGPFilterRule.MatchOperator = try word("matchOperator")
        else { throw orEmpty("matchOperator").error("is required with cidr") }
        let cidr = try required("cidr").prefix()
        return BGPFilterRule.NetMatch(
            cidr: cidr,
            matchOperator: matchOperator,
            lengths: try self["prefixLength"]?.lengths(in: cidr)
        )
    }

    /// What is left out is the prefix's own length, or the family's longest.
    private func lengths(in cidr: Prefix) throws(ConversionError) -> ClosedRange<Int> {
        let all = 0...cidr.family.bitWidth
        let least = try self["min"]?.integer(Int.self, in: all) ?? cidr.length
        let most = try self["max"]?.integer(Int.self, in: all) ?? cidr.family.bitWidth
        guard least <= most else { throw error("has a min above its max") }
        return least...most
    }

    /// A member that is one of an enumeration's words, in any case.
    fileprivate func word<Word: RawRepresentable<String> & CaseIterable>(
        _ key: String
    ) throws(ConversionError) -> Word? {
        guard let text = try text(key)?.lowercased() else { return nil }
        guard let word = Word.allCases.first(where: { $0.rawValue.lowercased() == text }) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw orEmpty(key).expected("one of \(words)")
        }
        return word
    }

    fileprivate func community() throws(ConversionError) -> Community {
        guard let community = Community(try string())
        else { throw expected("a community: aa:nn or aa:nn:mm") }
        return community
    }

    fileprivate func operation() throws(ConversionError) -> BGPFilterRule.Operation {
        if let added = self["addCommunity"] {
            return .addCommunity(try added.required("value").community())
        }
        if let prepended = self["prependASPath"] {
            let numbers = try prepended.list("prefix")
                .map { field throws(ConversionError) in try field.asNumber() }
            return .prependPath(numbers)
        }
        if let set = self["setPriority"] {
            return .setPriority(
                try set.required("value").integer(UInt32.self, in: 1...2_147_483_646)
            )
        }
        throw error("is none of addCommunity, prependASPath and setPriority")
    }
}
