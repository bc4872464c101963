internal import CNI
internal import Datastore
internal import JSON
internal import Model
internal import Resources

/// What the store knows of pods: read before an ADD, written by it, taken back by a DEL.
struct PodStore: Sendable {
    let store: any Datastore

    enum Annotation {
        static let address = "cni.projectcalico.org/podIP"
        static let addresses = "cni.projectcalico.org/podIPs"
        static let containerID = "cni.projectcalico.org/containerID"
        static let mac = "cni.projectcalico.org/hwAddr"
    }

    private static let retries = 100

    func get(_ key: ResourceKey) async throws(CNIError) -> Resource? {
        try await asking { store throws(DatastoreError) in try await store.get(key) }
    }

    /// Annotates a Pod with what it got.
    func record(
        _ addresses: [Address],
        of identity: PodIdentity,
        in key: ResourceKey
    ) async throws(CNIError) -> Event {
        let texts = addresses.map { "\(Prefix($0))" }
        let event = try await change(key) { pod in
            pod.annotations[Annotation.address] = texts.first
            pod.annotations[Annotation.addresses] = texts.joined(separator: ",")
            pod.annotations[Annotation.containerID] = identity.containerID
            return true
        }
        guard let event else {
            throw CNIError(.unknownContainer, "\(key) is gone")
        }
        return event
    }

    /// Takes the annotations back unless they are another container's by now.
    func withdraw(_ identity: PodIdentity, from key: ResourceKey) async throws(CNIError) -> Event? {
        try await change(key) { pod in
            guard pod.annotations[Annotation.containerID] == identity.containerID else {
                return false
            }
            // Empty rather than gone: it says that the address kubelet may still report is free.
            pod.annotations[Annotation.address] = ""
            pod.annotations[Annotation.addresses] = ""
            pod.annotations[Annotation.containerID] = nil
            return true
        }
    }

    /// Stores a WorkloadEndpoint, in place of one of that name.
    func record(_ endpoint: Resource) async throws(CNIError) -> Event {
        let stored = try await asking { store throws(DatastoreError) in
            do throws(DatastoreError) {
                return try await store.create(endpoint)
            } catch {
                guard case .alreadyExists = error else { throw error }
                return try await store.update(endpoint)
            }
        }
        return Event(.modified(stored), revision: stored.storedRevision)
    }

    /// Deletes an object; `nil` when there is none.
    func delete(_ key: ResourceKey) async throws(CNIError) -> Resource? {
        try await asking { store throws(DatastoreError) in
            do throws(DatastoreError) {
                return try await store.delete(key, ifRevision: nil)
            } catch {
                guard case .notFound = error else { throw error }
                return nil
            }
        }
    }

    func endpoints(on node: String) async throws(CNIError) -> [Resource] {
        try await asking { store throws(DatastoreError) in
            try await store.list(.calico("WorkloadEndpoint"), namespace: nil).items
        }.filter { $0.spec["node"]?.string == node }
    }

    /// Creates an object unless there is one of its name.
    func ensure(_ resource: Resource) async throws(CNIError) {
        try await asking { store throws(DatastoreError) in
            do throws(DatastoreError) {
                _ = try await store.create(resource)
            } catch {
                guard case .alreadyExists = error else { throw error }
            }
        }
    }

    /// Changes an object by compare-and-swap; `nil` when it is gone or `body` has nothing to
    /// change.
    private func change(
        _ key: ResourceKey,
        _ body: (inout Resource) -> Bool
    ) async throws(CNIError) -> Event? {
        for _ in 0..<Self.retries {
            guard var resource = try await get(key), body(&resource) else { return nil }
            do throws(DatastoreError) {
                let stored = try await store.update(resource)
                return Event(.modified(stored), revision: stored.storedRevision)
            } catch {
                switch error {
                case .conflict: continue
                case .notFound: return nil
                default: throw CNIError(error)
                }
            }
        }
        throw CNIError(.tryAgainLater, "\(key) changes all the time")
    }

    private func asking<Value>(
        _ body: (any Datastore) async throws(DatastoreError) -> Value
    ) async throws(CNIError) -> Value {
        do throws(DatastoreError) {
            return try await body(store)
        } catch {
            throw CNIError(error)
        }
    }
}

extension CNIError {
    /// A failure of the store as the runtime is told it.
    init(_ error: DatastoreError) {
        self.init(.tryAgainLater, "the store did not do it", details: "\(error)")
    }
}

extension Resource {
    /// The revision that wrote it.
    var storedRevision: Revision {
        Revision(rawValue: resourceVersion.flatMap(UInt64.init) ?? 0)
    }
}
