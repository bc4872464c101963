package import JSON

/// A kind of object and its API group; the group tells Calico's NetworkPolicy from Kubernetes'.
package struct ResourceType: Hashable, Sendable, CustomStringConvertible {
    /// `projectcalico.org`, `networking.k8s.io`, …; empty for the Kubernetes core group.
    package let group: String
    package let kind: String

    package init(group: String, kind: String) {
        self.group = group
        self.kind = kind
    }

    /// A kind of group `projectcalico.org`.
    package static func calico(_ kind: String) -> Self {
        Self(group: "projectcalico.org", kind: kind)
    }

    /// A kind of the Kubernetes core group.
    package static func core(_ kind: String) -> Self { Self(group: "", kind: kind) }

    package var description: String { group.isEmpty ? kind : "\(kind).\(group)" }
}

/// Names one object of the store.
package struct ResourceKey: Hashable, Sendable, CustomStringConvertible {
    package let type: ResourceType
    /// `nil` for cluster-scoped kinds.
    package let namespace: String?
    package let name: String

    package init(_ type: ResourceType, namespace: String? = nil, name: String) {
        self.type = type
        self.namespace = namespace
        self.name = name
    }

    /// `Kind(namespace/name)`, as messages name it.
    package var description: String {
        "\(type.kind)(\(namespace.map { $0 + "/" } ?? "")\(name))"
    }
}

/// One object as it was written: the whole tree is kept, with what we do not know of.
package struct Resource: Hashable, Sendable {
    package var value: JSONValue

    package init(_ value: JSONValue) {
        self.value = value
    }

    /// A new object with the given spec.
    package init(
        _ type: ResourceType,
        version: String,
        namespace: String? = nil,
        name: String,
        labels: [String: String] = [:],
        spec: JSONValue? = nil
    ) {
        value = .object([
            "apiVersion": .string(type.group.isEmpty ? version : "\(type.group)/\(version)"),
            "kind": .string(type.kind),
            "metadata": .object(["name": .string(name)]),
        ])
        if let namespace { value["metadata"]?["namespace"] = .string(namespace) }
        if !labels.isEmpty { self.labels = labels }
        if let spec { value["spec"] = spec }
    }

    package var apiVersion: String { value["apiVersion"]?.string ?? "" }
    package var kind: String { value["kind"]?.string ?? "" }

    package var type: ResourceType {
        let parts = apiVersion.split(separator: "/", maxSplits: 1)
        return ResourceType(group: parts.count == 2 ? String(parts[0]) : "", kind: kind)
    }

    package var key: ResourceKey { ResourceKey(type, namespace: namespace, name: name) }

    package var metadata: JSONValue {
        get { value["metadata"] ?? .object([:]) }
        set { value["metadata"] = newValue }
    }

    package var name: String { metadata["name"]?.string ?? "" }
    package var namespace: String? { metadata["namespace"]?.string }
    package var uid: String? { metadata["uid"]?.string }
    package var creationTimestamp: String? { metadata["creationTimestamp"]?.string }

    /// The store's revision of this object in decimal; `nil` before it is stored.
    package var resourceVersion: String? {
        get { metadata["resourceVersion"]?.string }
        set { metadata["resourceVersion"] = newValue.map { .string($0) } }
    }

    package var labels: [String: String] {
        get { Self.strings(metadata["labels"]) }
        set { metadata["labels"] = Self.object(newValue) }
    }

    package var annotations: [String: String] {
        get { Self.strings(metadata["annotations"]) }
        set { metadata["annotations"] = Self.object(newValue) }
    }

    package var spec: JSONValue {
        get { value["spec"] ?? .object([:]) }
        set { value["spec"] = newValue }
    }

    private static func strings(_ value: JSONValue?) -> [String: String] {
        var result: [String: String] = [:]
        for (key, value) in value?.object?.members ?? [] { result[key] = value.string }
        return result
    }

    private static func object(_ strings: [String: String]) -> JSONValue? {
        guard !strings.isEmpty else { return nil }
        let sorted = strings.sorted { $0.key < $1.key }
        return .object(JSONObject(sorted.map { (key: $0.key, value: .string($0.value)) }))
    }
}
