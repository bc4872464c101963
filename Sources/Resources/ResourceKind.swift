/// A kind of object we know: its names, where it lives and what it may hold.
package struct ResourceKind: Sendable {
    package let type: ResourceType
    /// The API version we read and write.
    package let version: String
    package let plural: String
    package let shortNames: [String]
    package let isNamespaced: Bool
    /// The only name an object of the kind may have, where there is just one.
    let onlyName: String?
    let schema: Shape
    let rules: @Sendable (Resource, inout Findings) -> Void

    init(
        _ type: ResourceType,
        version: String,
        plural: String,
        short shortNames: [String] = [],
        isNamespaced: Bool = false,
        onlyName: String? = nil,
        schema: Shape,
        rules: @escaping @Sendable (Resource, inout Findings) -> Void = { _, _ in }
    ) {
        self.type = type
        self.version = version
        self.plural = plural
        self.shortNames = shortNames
        self.isNamespaced = isNamespaced
        self.onlyName = onlyName
        self.schema = schema
        self.rules = rules
    }

    package var singular: String { type.kind.lowercased() }

    package var apiVersion: String { type.group.isEmpty ? version : "\(type.group)/\(version)" }
}

extension ResourceKind: Hashable {
    package static func == (left: Self, right: Self) -> Bool { left.type == right.type }
    package func hash(into hasher: inout Hasher) { hasher.combine(type) }
}

// MARK: - Lookup

extension ResourceKind {
    /// Calico's kinds first, then Kubernetes', each by name.
    package static let all: [ResourceKind] = calicoKinds + kubernetesKinds

    private static let byType: [ResourceType: ResourceKind] =
        Dictionary(all.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })

    /// `nil` for a kind we do not know.
    package init?(_ type: ResourceType) {
        guard let kind = Self.byType[type] else { return nil }
        self = kind
    }

    /// What people type, in lower case.
    ///
    /// A name that both Calico and Kubernetes have is Calico's, as in calicoctl.
    private static let byName: [String: ResourceKind] = {
        var result: [String: ResourceKind] = [:]
        for kind in all {
            for name in [kind.singular, kind.plural] + kind.shortNames where result[name] == nil {
                result[name] = kind
            }
        }
        return result
    }()

    /// The kind that a person means: a kind in any case, a plural, a short name, any of them with
    /// `.group` after it; the core group is called `core`.
    package init?(named name: String) {
        let name = name.lowercased()
        if let kind = Self.byName[name] {
            self = kind
            return
        }
        guard let dot = name.firstIndex(of: ".") else { return nil }
        let plain = name[..<dot]
        var group = name[name.index(after: dot)...]
        let match = { (group: Substring) in
            Self.all.first { kind in
                kind.type.group == (group == "core" ? "" : group)
                    && ([kind.singular, kind.plural] + kind.shortNames).contains(String(plain))
            }
        }
        if let kind = match(group) {
            self = kind
            return
        }
        // kubectl also writes `networkpolicies.v1.networking.k8s.io`.
        guard let dot = group.firstIndex(of: ".") else { return nil }
        let version = group[..<dot]
        group = group[group.index(after: dot)...]
        guard let kind = match(group), kind.version == version else { return nil }
        self = kind
    }
}
