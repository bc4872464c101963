internal import Datastore
internal import IPAM
internal import Model
internal import Resources

/// An address that is held, and the block it is from.
struct BlockAllocation: Hashable, Sendable {
    let block: Prefix
    let blockOwner: Affinity?
    private let allocation: Allocation

    var address: Address { allocation.address }
    var handle: String? { allocation.attributes.handle }
    var sequenceNumber: UInt64 { allocation.sequenceNumber }
    var node: String? { allocation.attributes.owner["node"] }
    /// `namespace/pod` of an address that was assigned for one.
    var pod: String? {
        let owner = allocation.attributes.owner
        return owner["pod"].map { "\(owner["namespace"] ?? "default")/\($0)" }
    }

    /// Whoever it is for, as well as can be said.
    var holder: String { pod ?? allocation.attributes.owner["type"] ?? handle ?? "unknown" }

    var isBorrowed: Bool {
        guard let node else { return false }
        return blockOwner != .host(node)
    }

    /// All of a store, ascending; blocks that do not decode are left to `ipam check`.
    static func all(in store: any Datastore) async throws(DatastoreError) -> [BlockAllocation] {
        all(in: try await store.list(.calico("IPAMBlock"), namespace: nil).items)
    }

    /// All of the blocks among these objects.
    static func all(in objects: [Resource]) -> [BlockAllocation] {
        let blocks = objects.filter { $0.type == .calico("IPAMBlock") }
            .compactMap { resource in try? Block(spec: resource.spec) }
            .sorted { $0.cidr < $1.cidr }
        return blocks.flatMap { block in
            block.inUse.map {
                BlockAllocation(block: block.cidr, blockOwner: block.affinity, allocation: $0)
            }
        }
    }
}
