internal import IPAM
internal import JSON
internal import Model

/// Which node has a block, and which addresses of it are in use on others.
struct BlockUse {
    let cidr: Prefix
    let node: String?
    let borrowed: [Address: String]

    /// `nil` for what is no block.
    init?(_ spec: JSONValue) {
        guard let block = try? Block(spec: spec) else { return nil }
        cidr = block.cidr
        let owner: String? = block.affinity?.kind == .host ? block.affinity?.name : nil
        node = owner
        var borrowed: [Address: String] = [:]
        for allocation in block.inUse {
            guard let user = allocation.attributes.owner["node"], user != owner else { continue }
            borrowed[allocation.address] = user
        }
        self.borrowed = borrowed
    }
}
