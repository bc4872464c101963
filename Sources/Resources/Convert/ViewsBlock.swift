internal import JSON
package import Model

private let hostAffinityPrefix = "host:"

/// A block of addresses and the node it belongs to: what other nodes route by.
package struct BlockView: Hashable, Sendable {
    package let cidr: Prefix
    package let node: String

    package init(cidr: Prefix, node: String) {
        self.cidr = cidr
        self.node = node
    }

    /// Reads an IPAMBlock or a BlockAffinity; `nil` when it gives no node the block: a virtual or
    /// missing affinity, one that is not confirmed, or one about to be deleted.
    package init?(_ resource: Resource) throws(ConversionError) {
        guard let spec = Field(resource)["spec"], try !spec.isDeleted() else { return nil }
        cidr = try spec.required("cidr").prefix()
        if resource.kind == "BlockAffinity" {
            let state = try spec.text("state") ?? "confirmed"
            let type = try spec.text("type") ?? "host"
            guard state == "confirmed", type == "host", let node = try spec.text("node")
            else { return nil }
            self.node = node
        } else {
            guard let affinity = try spec.text("affinity"), affinity.hasPrefix(hostAffinityPrefix)
            else { return nil }
            node = String(affinity.dropFirst(hostAffinityPrefix.count))
        }
    }
}

extension Field {
    /// The older form of a BlockAffinity has the flag as text.
    fileprivate func isDeleted() throws(ConversionError) -> Bool {
        if let text = self["deleted"]?.value.string { return text == "true" }
        return try flag("deleted")
    }
}
