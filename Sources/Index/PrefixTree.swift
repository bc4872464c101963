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

    struct Node: Sendable {
        var address: Address
        /// Mapped: IPv4's plus 96.
        var length: UInt8
        var isDirty = false
        /// Whether the node is part of the tree, not of the free list.
        var isLive = true
        var parent: NodeID
        var left: NodeID = PrefixTree.none
        var right: NodeID = PrefixTree.none
        /// The first owner, `none` without one; further ones are in `furtherOwners`.
        var owner: Int32 = PrefixTree.none
        /// Matchers that are about the prefix itself: nets of rules and services.
        var extra: MatcherSets.ID = MatcherSets.empty
        /// Matchers of the prefix and of all that cover it; for a mere fork, of all that cover it.
        var reach: MatcherSets.ID = MatcherSets.empty
        /// The class that the dataplane was told; `none` when it has no entry.
        var told: MatcherSets.ID = PrefixTree.none

        func contains(_ other: Address, length otherLength: Int) -> Bool {
            otherLength >= Int(length) && other.masked(mappedLength: Int(length)) == address
        }
    }

    var nodes: [Node]
    private var furtherOwners: [NodeID: [Int32]] = [:]
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

    /// Takes a node that nobody needs out, and forks above it that no longer fork.
    mutating func prune(_ id: NodeID, _ sets: inout MatcherSets) {
        var current = id
        while current != Self.rootV4, current != Self.rootV6 {
            let node = nodes[Int(current)]
            let isNeeded =
                node.owner != Self.none || node.extra != MatcherSets.empty
                || node.told != Self.none || node.isDirty
            let hasBoth = node.left != Self.none && node.right != Self.none
            guard node.isLive, !isNeeded, !hasBoth else { return }
            let child = node.left != Self.none ? node.left : node.right
            replace(current, in: node.parent, by: child)
            sets.release(node.reach)
            nodes[Int(current)].reach = MatcherSets.empty
            nodes[Int(current)].isLive = false
            free.append(current)
            guard child == Self.none else { return }
            current = node.parent
        }
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
