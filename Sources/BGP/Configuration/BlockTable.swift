internal import JSON
import Model
import Resources

/// Blocks of addresses by the node that has them, and single addresses that others use.
struct BlockTable: Sendable {
    private var owners: [ResourceKey: BlockView] = [:]
    private var byNode: [String: Set<Prefix>] = [:]
    private var borrowed: [ResourceKey: BorrowedAddresses] = [:]
    private var borrowedByNode: [String: Set<Address>] = [:]

    /// In the order of the addresses.
    func blocks(of node: String, _ family: Family) -> [Prefix] {
        (byNode[node] ?? []).filter { $0.family == family }.sorted()
    }

    func borrowed(by node: String, _ family: Family) -> [Address] {
        (borrowedByNode[node] ?? []).filter { $0.family == family }.sorted()
    }

    mutating func set(_ key: ResourceKey, _ block: BlockView?) {
        remove(key)
        guard let block else { return }
        owners[key] = block
        byNode[block.node, default: []].insert(block.cidr)
    }

    mutating func set(_ key: ResourceKey, borrowed new: BorrowedAddresses?) {
        remove(key)
        guard let new, !new.byNode.isEmpty else { return }
        borrowed[key] = new
        for (node, addresses) in new.byNode {
            borrowedByNode[node, default: []].formUnion(addresses)
        }
    }

    mutating func remove(_ key: ResourceKey) {
        if let block = owners.removeValue(forKey: key) {
            byNode[block.node]?.remove(block.cidr)
        }
        guard let old = borrowed.removeValue(forKey: key) else { return }
        for (node, addresses) in old.byNode { borrowedByNode[node]?.subtract(addresses) }
    }
}

/// Addresses of one block that are in use on other nodes than its own.
struct BorrowedAddresses: Sendable {
    private(set) var byNode: [String: Set<Address>] = [:]

    /// `nil` for what is no block.
    init?(_ spec: JSONValue) {
        guard let cidr = spec["cidr"]?.string.flatMap({ Prefix($0) }),
            let allocations = spec["allocations"]?.array
        else { return nil }
        let users = (spec["attributes"]?.array ?? []).map { Self.user($0) }
        let owner = spec["affinity"]?.string
        for (ordinal, allocation) in allocations.enumerated() {
            guard let index = allocation.int, users.indices.contains(Int(index)),
                let node = users[Int(index)], "host:\(node)" != owner,
                let address = cidr.address(at: UInt64(ordinal))
            else { continue }
            byNode[node, default: []].insert(address)
        }
    }

    /// The node of an allocation's attributes; `nil` once it is released and only cools down.
    private static func user(_ attributes: JSONValue) -> String? {
        guard attributes["releasedAt"]?.string == nil else { return nil }
        return attributes["secondary"]?["node"]?.string
    }
}
