internal import Model

/// All prefixes that someone has, as a path-compressed binary trie over mapped addresses.
///
/// Each family has its own root, so that an IPv6 prefix such as `::/0` never passes anything on to
/// IPv4, though mapped addresses lie inside it. Nodes are numbers into one array: a million prefixes
/// cost no allocation each.
struct PrefixTree: Sendable {
    typealias NodeID = Int32

    static let none: NodeID = -1
    static let rootV4: NodeID = 0
    static let rootV6: NodeID = 1

    /// 48 bytes: of these there are two for each prefix.
    struct Node: Sendable {
        struct Flags: OptionSet, Sendable {
            let rawValue: UInt8

            /// What the prefix has of its own may have changed.
            static let dirty = Flags(rawValue: 1)
            /// Waits for its cover to be worked out anew.
            static let uncovered = Flags(rawValue: 2)
            /// Waits for its entry to be worked out anew.
            static let untold = Flags(rawValue: 4)
            /// The prefix has matchers that are none of those that cover it.
            static let hasOwn = Flags(rawValue: 8)
            /// `extras` has matchers for it.
            static let hasExtra = Flags(rawValue: 16)
            /// It is on the free list, no part of the tree.
            static let free = Flags(rawValue: 32)
        }

        var address: Address
        /// Mapped: IPv4's plus 96.
        var length: UInt8
        var flags: Flags = []
        var parent: NodeID
        var left: NodeID = PrefixTree.none
        var right: NodeID = PrefixTree.none
        /// The first owner, `none` without one; further ones are in `furtherOwners`.
        var owner: Int32 = PrefixTree.none
        /// Matchers of the prefix and of all that cover it; for a mere fork, of all that cover it.
        var reach: MatcherSets.ID = MatcherSets.empty
        /// The class that every address of the prefix has; `none` when they differ, or when nothing
        /// here says so.
        var cover: MatcherSets.ID = PrefixTree.none
        /// The class that the dataplane was told; `none` when it has no entry.
        var told: MatcherSets.ID = PrefixTree.none

        func contains(_ other: Address, length otherLength: Int) -> Bool {
            otherLength >= Int(length) && other.masked(mappedLength: Int(length)) == address
        }

        var hasChildren: Bool { left != PrefixTree.none || right != PrefixTree.none }
    }

    var nodes: [Node]
    private var furtherOwners: [NodeID: [Int32]] = [:]
    /// Matchers that are about the prefix itself: nets of rules and services.
    private var extras: [NodeID: MatcherSets.ID] = [:]
    private var free: [NodeID] = []

    init() {
        nodes = [
            Node(address: Address(v4: 0), length: 96, parent: Self.none),
            Node(address: Address(high: 0, low: 0), length: 0, parent: Self.none),
        ]
    }

    func prefix(of id: NodeID) -> Prefix? {
        let node = nodes[Int(id)]
        let length = Int(node.length) - (node.address.isV4 && node.length >= 96 ? 96 : 0)
        return Prefix(node.address, length: length)
    }

    // MARK: Owners

    func extra(of id: NodeID) -> MatcherSets.ID {
        guard nodes[Int(id)].flags.contains(.hasExtra) else { return MatcherSets.empty }
        return extras[id] ?? MatcherSets.empty
    }

    /// Whether it is another set than before.
    mutating func setExtra(_ set: MatcherSets.ID, of id: NodeID, _ sets: inout MatcherSets) -> Bool
    {
        var extra = extra(of: id)
        guard sets.assign(set, to: &extra) else { return false }
        extras[id] = extra == MatcherSets.empty ? nil : extra
        if extra == MatcherSets.empty {
            nodes[Int(id)].flags.remove(.hasExtra)
        } else {
            nodes[Int(id)].flags.insert(.hasExtra)
        }
        return true
    }

    func owners(of id: NodeID) -> [Int32] {
        let first = nodes[Int(id)].owner
        return first == Self.none ? [] : [first] + (furtherOwners[id] ?? [])
    }

    mutating func addOwner(_ owner: Int32, to id: NodeID) {
        if nodes[Int(id)].owner == Self.none {
            nodes[Int(id)].owner = owner
        } else {
            furtherOwners[id, default: []].append(owner)
        }
    }

    mutating func removeOwner(_ owner: Int32, from id: NodeID) {
        var owners = owners(of: id)
        owners.removeAll { $0 == owner }
        nodes[Int(id)].owner = owners.first ?? Self.none
        furtherOwners[id] = owners.count > 1 ? Array(owners.dropFirst()) : nil
    }

    // MARK: Shape

    /// The node of a prefix, made when there is none yet.
    mutating func node(for prefix: Prefix, _ sets: inout MatcherSets) -> NodeID {
        let length = prefix.mappedLength
        var current = prefix.family == .v4 ? Self.rootV4 : Self.rootV6
        while nodes[Int(current)].length < length {
            let side = prefix.address.bit(Int(nodes[Int(current)].length))
            let child = side ? nodes[Int(current)].right : nodes[Int(current)].left
            guard child != Self.none else {
                return insert(prefix.address, length, below: current, &sets)
            }
            let next = nodes[Int(child)]
            guard next.contains(prefix.address, length: length) else {
                let fork = min(length, Self.commonLength(prefix.address, next.address))
                let between = insert(prefix.address, fork, between: current, and: child, &sets)
                return fork == length
                    ? between : insert(prefix.address, length, below: between, &sets)
            }
            current = child
        }
        return current
    }

    /// The nodes that cover an address, the shortest first.
    func path(to address: Address) -> [NodeID] {
        var path: [NodeID] = []
        var current = address.isV4 ? Self.rootV4 : Self.rootV6
        while current != Self.none, nodes[Int(current)].contains(address, length: 128) {
            path.append(current)
            guard nodes[Int(current)].length < 128 else { break }
            let side = address.bit(Int(nodes[Int(current)].length))
            current = side ? nodes[Int(current)].right : nodes[Int(current)].left
        }
        return path
    }

    /// Whether someone has the prefix, or it forks.
    func isNeeded(_ id: NodeID) -> Bool {
        guard id != Self.rootV4, id != Self.rootV6 else { return true }
        let node = nodes[Int(id)]
        return node.owner != Self.none || !node.flags.isDisjoint(with: [.hasExtra, .free])
            || (node.left != Self.none && node.right != Self.none)
    }

    /// Takes a node without an entry out; its only child, if it has one, takes its place.
    mutating func remove(_ id: NodeID, _ sets: inout MatcherSets) -> (parent: NodeID, child: NodeID)
    {
        let node = nodes[Int(id)]
        let child = node.left != Self.none ? node.left : node.right
        replace(id, in: node.parent, by: child)
        sets.release(node.reach)
        nodes[Int(id)].reach = MatcherSets.empty
        nodes[Int(id)].flags = .free
        free.append(id)
        return (node.parent, child)
    }

    private mutating func insert(
        _ address: Address,
        _ length: Int,
        below parent: NodeID,
        _ sets: inout MatcherSets
    ) -> NodeID {
        let id = make(address, length, parent, &sets)
        attach(id, to: parent)
        return id
    }

    private mutating func insert(
        _ address: Address,
        _ length: Int,
        between parent: NodeID,
        and child: NodeID,
        _ sets: inout MatcherSets
    ) -> NodeID {
        let id = make(address, length, parent, &sets)
        attach(id, to: parent)
        attach(child, to: id)
        return id
    }

    /// A node begins with what covers it.
    private mutating func make(
        _ address: Address,
        _ length: Int,
        _ parent: NodeID,
        _ sets: inout MatcherSets
    ) -> NodeID {
        var node = Node(
            address: address.masked(mappedLength: length),
            length: UInt8(length),
            parent: parent
        )
        node.reach = nodes[Int(parent)].reach
        sets.retain(node.reach)
        guard let id = free.popLast() else {
            nodes.append(node)
            return NodeID(nodes.count - 1)
        }
        nodes[Int(id)] = node
        return id
    }

    private mutating func attach(_ child: NodeID, to parent: NodeID) {
        let side = nodes[Int(child)].address.bit(Int(nodes[Int(parent)].length))
        if side { nodes[Int(parent)].right = child } else { nodes[Int(parent)].left = child }
        nodes[Int(child)].parent = parent
    }

    private mutating func replace(_ old: NodeID, in parent: NodeID, by child: NodeID) {
        if nodes[Int(parent)].left == old {
            nodes[Int(parent)].left = child
        } else {
            nodes[Int(parent)].right = child
        }
        if child != Self.none { nodes[Int(child)].parent = parent }
    }

    private static func commonLength(_ left: Address, _ right: Address) -> Int {
        let high = left.high ^ right.high
        if high != 0 { return high.leadingZeroBitCount }
        return 64 + (left.low ^ right.low).leadingZeroBitCount
    }
}
