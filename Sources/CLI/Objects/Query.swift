internal import Datastore
internal import JSON
internal import Resources

/// What a query found at one revision of the store.
struct Picture: Sendable {
    let listings: [Listing]
    /// Asked for by name and not there.
    let missing: [ResourceKey]
    let revision: Revision
}

/// Which objects to show.
struct Query: Sendable {
    /// All objects of a kind, or some by name.
    struct Wanted: Sendable {
        let kind: ResourceKind
        let keys: [ResourceKey]

        init(_ kind: ResourceKind, keys: [ResourceKey] = []) {
            self.kind = kind
            self.keys = keys
        }
    }

    let wanted: [Wanted]
    /// `nil` for all namespaces.
    let namespace: String?
    let selector: LabelSelector?
    /// Leaves out what only this store knows of the object.
    let isExport: Bool

    /// The types that have to be read: pods too where WorkloadEndpoints are wanted.
    var types: [ResourceType] {
        let types = wanted.map(\.kind.type)
        return types + (types.contains(WorkloadEndpoints.type) ? [.core("Pod")] : [])
    }

    /// What the store holds now.
    func picture(
        of store: any Datastore
    ) async throws(DatastoreError) -> Picture {
        let (items, revision) = try await store.snapshot(Array(Set(types)))
        let objects = items.flatMap(shown)
        var listings: [Listing] = []
        var missing: [ResourceKey] = []
        for wanted in wanted {
            var found = objects.filter { $0.type == wanted.kind.type && isWanted($0, by: wanted) }
            found.sort { ($0.namespace ?? "", $0.name) < ($1.namespace ?? "", $1.name) }
            let present = Set(found.map(\.key))
            missing += wanted.keys.filter { !present.contains($0) }
            guard wanted.keys.isEmpty || !found.isEmpty else { continue }
            listings.append(
                Listing(
                    kind: wanted.kind,
                    items: found.map(exported),
                    revision: revision.description,
                    isSingle: wanted.keys.count == 1,
                    showsNamespace: namespace == nil
                )
            )
        }
        return Picture(listings: listings, missing: missing, revision: revision)
    }

    /// A stored object as it is shown: a pod also as the endpoint it is.
    func shown(_ object: Resource) -> [Resource] {
        guard object.type == .core("Pod"), types.contains(WorkloadEndpoints.type)
        else { return [object] }
        return [object] + (WorkloadEndpoints.derived(from: object).map { [$0] } ?? [])
    }

    func isWanted(_ object: Resource, by wanted: Wanted) -> Bool {
        if wanted.keys.isEmpty {
            guard !wanted.kind.isNamespaced || namespace == nil || object.namespace == namespace
            else { return false }
        } else {
            guard wanted.keys.contains(object.key) else { return false }
        }
        return selector?.matches(object.labels) ?? true
    }

    func exported(_ object: Resource) -> Resource {
        guard isExport else { return object }
        var object = object
        for key in ["uid", "resourceVersion", "creationTimestamp"] { object.metadata[key] = nil }
        return object
    }
}
