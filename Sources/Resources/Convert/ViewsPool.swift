package import Model
package import Selector

/// When packets to a pool's addresses are carried inside others.
package enum Encapsulation: String, Hashable, Sendable {
    case never = "Never"
    case always = "Always"
    /// Only to nodes outside the own subnet.
    case crossSubnet = "CrossSubnet"
}

/// An IPPool with its defaults filled in (inventory §2.2).
package struct IPPoolView: Hashable, Sendable {
    package let name: String
    package let cidr: Prefix
    package let vxlan: Encapsulation
    package let ipip: Encapsulation
    package let natOutgoing: Bool
    package let isDisabled: Bool
    package let disableBGPExport: Bool
    /// Length of a block's prefix.
    package let blockSize: Int
    package let nodeSelector: Selector
    /// `nil` when the pool is for every namespace.
    package let namespaceSelector: Selector?
    package let allowedUses: Set<String>
    /// Whether addresses are given only when asked for explicitly.
    package let isManual: Bool

    package init(_ resource: Resource) throws(ConversionError) {
        let field = Field(resource)
        let spec = try field.required("spec")
        name = resource.name
        cidr = try spec.required("cidr").prefix()
        vxlan = try spec.encapsulation("vxlanMode")
        ipip = try spec.encapsulation("ipipMode")
        natOutgoing = try spec.flag("natOutgoing")
        isDisabled = try spec.flag("disabled")
        disableBGPExport = try spec.flag("disableBGPExport")
        blockSize =
            try spec["blockSize"]?.integer(Int.self, in: cidr.length...cidr.family.bitWidth)
            ?? (cidr.family == .v4 ? 26 : 122)
        nodeSelector = try spec.child(selector: "nodeSelector")?.selector() ?? .all
        namespaceSelector = try spec.child(selector: "namespaceSelector")?.selector()
        let uses = try spec.strings("allowedUses")
        allowedUses = uses.isEmpty ? ["Workload", "Tunnel"] : Set(uses)
        isManual = try spec.text("assignmentMode") == "Manual"
    }
}

extension Field {
    fileprivate func encapsulation(_ key: String) throws(ConversionError) -> Encapsulation {
        guard let text = try text(key) else { return .never }
        guard let mode = Encapsulation(rawValue: text) else {
            throw (self[key] ?? self).expected("Never, Always or CrossSubnet")
        }
        return mode
    }
}
