package import Model

/// Whom a block belongs to: `host:<node>`, or `virtual:<name>` for what lives on no node.
package struct Affinity: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        case host
        case virtual
    }

    package let kind: Kind
    package let name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    package static func host(_ node: String) -> Self { Self(.host, node) }

    /// Owner of the addresses of LoadBalancer services.
    package static let loadBalancer = Self(.virtual, "load-balancer")

    /// Parses `host:<node>` or `virtual:<name>`.
    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"),
            let kind = Kind(rawValue: String(text[..<colon]))
        else { return nil }
        let name = text[text.index(after: colon)...]
        guard !name.isEmpty else { return nil }
        self.init(kind, String(name))
    }

    package var description: String { "\(kind.rawValue):\(name)" }
}

/// Names of IPAM objects, as Calico forms them from CIDRs and handles.
package enum ObjectName {
    /// `10.65.0.0/26` is `10-65-0-0-26`.
    package static func block(_ cidr: Prefix) -> String {
        let dashed = cidr.description.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"): UInt8(ascii: "-")
            default: byte
            }
        }
        return String(decoding: dashed, as: UTF8.self)
    }

    package static func affinity(_ affinity: Affinity, _ cidr: Prefix) -> String {
        switch affinity.kind {
        case .host: "\(affinity.name)-\(block(cidr))"
        case .virtual: "virtual-\(affinity.name)-\(block(cidr))"
        }
    }

    /// Kubernetes names are lower case; the handle itself stands in the object's spec.
    package static func handle(_ handle: String) -> String { handle.lowercased() }
}
