internal import Model

/// Something with labels that has addresses: an endpoint or a network set.
enum ItemKey: Hashable, Sendable {
    case endpoint(EndpointID)
    case networkSet(NetworkSetID)
}

/// What the index keeps of one of them: numbers only, and few, because there are hundreds of thousands.
struct Item: Sendable {
    /// Sorted by the key's number.
    var labels = LabelArena.none
    /// Names of profiles in order, as one number.
    var profiles = ProfileLists.none
    /// The first of its addresses and nets; `none` without any.
    var node = PrefixTree.none
    /// Which matchers in use it meets.
    var matches: MatcherSets.ID = MatcherSets.empty
    /// Whether `matches` must be found anew.
    var isStale = false
}

/// All items by their numbers, and their numbers by their keys.
///
/// The keys are kept once, in the order of the numbers.
struct ItemTable: Sendable {
    private(set) var items: [Item] = []
    private var keys: [ItemKey?] = []
    private var free: [Int32] = []
    private var ids = NumberTable()
    /// Of those with several, all nets but the first.
    private var furtherNodes: [Int32: [PrefixTree.NodeID]] = [:]
    private var ports: [Int32: [NamedPort]] = [:]

    var indices: Range<Int32> { 0..<Int32(items.count) }

    subscript(id: Int32) -> Item {
        get { items[Int(id)] }
        _modify { yield &items[Int(id)] }
    }

    // MARK: Keys

    func find(_ key: ItemKey) -> Int32? {
        ids.find(Optional(key).hashValue) { keys[Int($0)] == key }
    }

    /// A new item; the key must not be there.
    mutating func add(_ key: ItemKey) -> Int32 {
        let id = free.popLast() ?? Int32(items.count)
        if id == items.count {
            items.append(Item())
            keys.append(key)
        } else {
            keys[Int(id)] = key
        }
        ids.insert(id) { keys[Int($0)].hashValue }
        return id
    }

    /// Whose item it is; `nil` for a number that is free.
    func key(of id: Int32) -> ItemKey? { keys[Int(id)] }

    /// Forgets an item; whether it is stale stays, for whoever has it on a list.
    mutating func remove(_ key: ItemKey) {
        guard let id = find(key) else { return }
        ids.remove(id) { keys[Int($0)].hashValue }
        let isStale = items[Int(id)].isStale
        items[Int(id)] = Item()
        items[Int(id)].isStale = isStale
        keys[Int(id)] = nil
        furtherNodes[id] = nil
        ports[id] = nil
        free.append(id)
    }

    // MARK: Nets and ports

    /// Unique and in order.
    func nodes(of id: Int32) -> [PrefixTree.NodeID] {
        let first = items[Int(id)].node
        guard first != PrefixTree.none else { return [] }
        return [first] + (furtherNodes[id] ?? [])
    }

    func forEachNode(of id: Int32, _ body: (PrefixTree.NodeID) -> Void) {
        let first = items[Int(id)].node
        guard first != PrefixTree.none else { return }
        body(first)
        for node in furtherNodes[id] ?? [] { body(node) }
    }

    mutating func setNodes(_ nodes: [PrefixTree.NodeID], of id: Int32) {
        items[Int(id)].node = nodes.first ?? PrefixTree.none
        furtherNodes[id] = nodes.count > 1 ? Array(nodes.dropFirst()) : nil
    }

    func ports(of id: Int32) -> [NamedPort] { ports[id] ?? [] }

    mutating func setPorts(_ named: [NamedPort], of id: Int32) {
        ports[id] = named.isEmpty ? nil : named
    }
}

/// Lists of profile names, each once: the endpoints of a namespace share one.
struct ProfileLists: Sendable {
    typealias ID = Int32

    static let none: ID = 0

    private var lists: [[Int32]] = [[]]
    private var uses: [Int32] = [1]
    private var ids: [[Int32]: ID] = [[]: none]
    private var free: [ID] = []

    subscript(id: ID) -> [Int32] { lists[Int(id)] }

    /// Every list in use that has one of these names.
    func containing(_ names: Set<Int32>) -> Set<ID> {
        Set(ids.values.filter { lists[Int($0)].contains { names.contains($0) } })
    }

    /// The number of a list of names that the pool retains as long as the list is retained.
    mutating func retain(_ names: [String], _ pool: inout LabelPool) -> ID {
        guard !names.isEmpty else { return Self.none }
        let known = names.map { pool.find($0) }
        if !known.contains(nil), let id = ids[known.compactMap(\.self)] {
            uses[Int(id)] += 1
            return id
        }
        let list = names.map { pool.retain($0) }
        let id = free.popLast() ?? ID(lists.count)
        if id == lists.count {
            lists.append(list)
            uses.append(1)
        } else {
            lists[Int(id)] = list
            uses[Int(id)] = 1
        }
        ids[list] = id
        return id
    }

    mutating func release(_ id: ID, _ pool: inout LabelPool) {
        guard id != Self.none else { return }
        uses[Int(id)] -= 1
        guard uses[Int(id)] == 0 else { return }
        for name in lists[Int(id)] { pool.release(name) }
        ids[lists[Int(id)]] = nil
        lists[Int(id)] = []
        free.append(id)
    }
}
