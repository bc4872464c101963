internal import JSON
package import Model
package import Resources
internal import Selector

/// What an address is for; a pool says which uses it allows.
package enum PoolUse: String, Hashable, Sendable, CaseIterable {
    case workload = "Workload"
    case tunnel = "Tunnel"
    case loadBalancer = "LoadBalancer"
}

/// An IPPool as allocation sees it, with Calico's defaults filled in.
package struct Pool: Hashable, Sendable {
    package let name: String
    package let cidr: Prefix
    package let blockLength: Int
    package let uses: Set<PoolUse>
    /// Addresses come from it without its being asked for by name.
    package let isAutomatic: Bool
    /// Not disabled, not being deleted, not ruled out for overlapping another pool.
    package let isEnabled: Bool
    /// The pool lost to another whose CIDR overlaps.
    package let lostOverlap: Bool
    private let nodeSelector: Selector?
    private let namespaceSelector: Selector?

    /// Whether a node's labels make a difference.
    var looksAtNodes: Bool { nodeSelector.map { $0 != .all } ?? false }

    package func selects(nodeLabels labels: [String: String]) -> Bool {
        nodeSelector?.matches(labels) ?? true
    }

    package func selects(namespaceLabels labels: [String: String]) -> Bool {
        namespaceSelector?.matches(labels) ?? true
    }

    /// The block that an address of the pool lies in.
    package func block(of address: Address) -> Prefix? {
        guard cidr.contains(address) else { return nil }
        return Prefix(address, length: blockLength)
    }

    /// `nil` for a pool that cannot be used at all: an invalid CIDR, block size or selector.
    package init?(_ resource: Resource) {
        let spec = resource.spec
        guard let text = spec["cidr"]?.string, let cidr = Prefix(text) else { return nil }
        name = resource.name
        self.cidr = cidr
        let blockSize = Int(spec["blockSize"]?.int ?? 0)
        blockLength = blockSize == 0 ? (cidr.family == .v4 ? 26 : 122) : blockSize
        let smallest = cidr.family == .v4 ? 16 : 112
        guard (smallest...cidr.family.bitWidth).contains(blockLength) else { return nil }
        let uses = (spec["allowedUses"]?.array ?? []).compactMap(\.string)
        self.uses =
            uses.isEmpty
            ? [.workload, .tunnel] : Set(uses.compactMap(PoolUse.init))
        isAutomatic = spec["assignmentMode"]?.string ?? "Automatic" == "Automatic"
        let allocatable = Self.allocatable(resource)
        lostOverlap = allocatable?["reason"]?.string == "CIDROverlap"
        isEnabled =
            spec["disabled"]?.bool != true && allocatable == nil
            && resource.metadata["deletionTimestamp"] == nil
        do throws(SelectorError) {
            nodeSelector = try Self.selector(spec["nodeSelector"]?.string)
            namespaceSelector = try Self.selector(spec["namespaceSelector"]?.string)
        } catch {
            return nil
        }
    }

    /// The condition that says no, if there is one.
    private static func allocatable(_ resource: Resource) -> JSONValue? {
        resource.value["status"]?["conditions"]?.array?.first {
            $0["type"]?.string == "Allocatable" && $0["status"]?.string == "False"
        }
    }

    private static func selector(_ text: String?) throws(SelectorError) -> Selector? {
        guard let text, !text.isEmpty else { return nil }
        return try Selector(parsing: text)
    }
}
