internal import Datastore
internal import JSON
internal import Resources

/// Writes objects with the meaning that the commands promise.
struct ObjectWriter: Sendable {
    let store: any Datastore

    /// Attempts while others write the same object; each of them means that one of the others
    /// succeeded.
    private static let attempts = 50

    func create(_ object: Resource) async throws -> Resource {
        var object = object
        // As calicoctl does, so that what `get -o yaml` printed can be created elsewhere.
        object.resourceVersion = nil
        return try await store.create(object)
    }

    /// Creates the object or puts it in the place of the one there is.
    ///
    /// With a `resourceVersion` the object there must be of that revision; without one the last
    /// writer wins. A `status` that the new object leaves out is kept.
    func apply(_ object: Resource) async throws -> Resource {
        var failure = DatastoreError.notFound(object.key)
        for _ in 0..<Self.attempts {
            do {
                if let current = try await store.get(object.key) {
                    return try await update(object, over: current)
                }
                return try await create(object)
            } catch let error as DatastoreError {
                failure = error
                switch error {
                case .conflict where object.resourceVersion == nil: continue
                case .alreadyExists, .notFound: continue
                default: throw error
                }
            }
        }
        throw failure
    }

    /// The same for an object that must exist.
    func replace(_ object: Resource) async throws -> Resource {
        var object = object
        let expected = object.resourceVersion
        return try await edit(object.key) { current in
            object.resourceVersion = expected ?? current.resourceVersion
            return object
        }
    }

    /// Reads the object, lets `change` make another of it, and writes that unless the object was
    /// changed in between, in which case it begins anew.
    func edit(
        _ key: ResourceKey,
        _ change: (Resource) throws -> Resource
    ) async throws -> Resource {
        var failure = DatastoreError.notFound(key)
        for _ in 0..<Self.attempts {
            guard let current = try await store.get(key) else { throw DatastoreError.notFound(key) }
            let object = try change(current)
            do {
                return try await update(object, over: current)
            } catch let error as DatastoreError {
                failure = error
                let isOurs = object.resourceVersion == current.resourceVersion
                guard case .conflict = error, isOurs else { throw error }
            }
        }
        throw failure
    }

    func delete(_ key: ResourceKey, ifRevision: String? = nil) async throws -> Resource {
        try await checkDeletion(of: key)
        return try await store.delete(key, ifRevision: ifRevision)
    }

    private func update(_ object: Resource, over current: Resource) async throws -> Resource {
        var object = object
        try Self.checkChange(of: current, to: object)
        if object.value["status"] == nil { object.value["status"] = current.value["status"] }
        if object.resourceVersion == nil { object.resourceVersion = current.resourceVersion }
        return try await store.update(object)
    }
}

// MARK: - What the API server would refuse

extension ObjectWriter {
    private static let builtInTiers: Set<String> = ["default", "kube-admin", "kube-baseline"]

    private static let tieredKinds = [
        "NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy", "StagedGlobalNetworkPolicy",
    ].map(ResourceType.calico)

    /// A pool's blocks are cut by its CIDR and block size, which therefore stay.
    static func checkChange(of current: Resource, to object: Resource) throws(Refusal) {
        guard current.type == .calico("IPPool") else { return }
        for field in ["cidr", "blockSize"] {
            guard let value = object.spec[field], let present = current.spec[field],
                value != present
            else { continue }
            throw Refusal("spec.\(field): \(value): it cannot be changed; it is \(present)")
        }
    }

    /// Tiers that are built in, or that policies are in, stay.
    private func checkDeletion(of key: ResourceKey) async throws {
        guard key.type == .calico("Tier") else { return }
        guard !Self.builtInTiers.contains(key.name)
        else { throw Refusal("a built-in tier cannot be deleted", .conflict) }
        let policies = try await store.snapshot(Self.tieredKinds).items
            .filter { $0.spec["tier"]?.string == key.name }
        guard let first = policies.first else { return }
        let others = policies.count > 1 ? " and \(policies.count - 1) more" : ""
        throw Refusal("policies are in the tier: \(first.key)\(others)", .conflict)
    }
}
