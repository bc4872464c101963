internal import Datastore
internal import JSON
internal import Resources

/// An object as a row holds it; parsed only after the database has been let go.
struct StoredObject: Sendable {
    let type: ResourceType
    let namespace: String
    let name: String
    /// What `metadata.resourceVersion` shows; the body leaves it out, so that a write that changes
    /// nothing can be known by comparing bodies.
    let version: Int64
    let body: String

    var key: ResourceKey {
        ResourceKey(type, namespace: namespace.isEmpty ? nil : namespace, name: name)
    }

    func resource() throws(DatastoreError) -> Resource {
        do throws(JSONError) {
            var resource = Resource(try JSONValue(parsing: body))
            resource.resourceVersion = String(version)
            return resource
        } catch {
            throw .corrupt(key, error.description)
        }
    }
}

/// One row of the history.
struct StoredChange: Sendable {
    enum Kind: Int64 {
        case added = 1
        case modified = 2
        case deleted = 3
    }

    let revision: Revision
    let kind: Int64
    let object: StoredObject

    func event() throws(DatastoreError) -> Event {
        let resource = try object.resource()
        let change: Event.Change =
            switch Kind(rawValue: kind) {
            case .added: .added(resource)
            case .modified: .modified(resource)
            case .deleted: .deleted(resource)
            case nil: throw .corrupt(object.key, "revision \(revision) is of unknown kind \(kind)")
            }
        return Event(change, revision: revision)
    }
}

/// An object on its way into the store.
struct NewObject: Sendable {
    let key: ResourceKey
    let expectedVersion: String?
    /// As the caller sent it; identity and revision are still the caller's claims.
    let resource: Resource
    /// The identity with which `body` was made.
    let identity: Identity
    let body: String

    init(_ resource: Resource, identity: Identity) {
        key = resource.key
        expectedVersion = resource.resourceVersion
        self.resource = resource
        self.identity = identity
        body = resource.stamped(identity, nil).value.text()
    }

    /// The body under the identity that the stored object has; usually the same.
    func body(under stored: Identity) -> String {
        stored == identity ? body : resource.stamped(stored, nil).value.text()
    }

    func stored(_ identity: Identity, version: Int64) -> Resource {
        resource.stamped(identity, Revision(rawValue: UInt64(version)))
    }
}
