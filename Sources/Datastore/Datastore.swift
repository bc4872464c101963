package import Resources

/// A point in the history of a store: every write makes the next one, and 0 is the empty store.
package struct Revision: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package var description: String { String(rawValue) }
}

/// Where resources live: compare-and-swap on single objects and a history that can be followed.
///
/// Every stored object carries `metadata.resourceVersion` (the revision that wrote it), `uid` and
/// `creationTimestamp`; the driver sets all three. A driver passes the conformance suite.
package protocol Datastore: Sendable {
    /// The object, or `nil`.
    func get(_ key: ResourceKey) async throws(DatastoreError) -> Resource?

    /// All objects of a type, of one namespace if it is given, by namespace and name; and the revision
    /// of which they are an exact picture, to watch from.
    func list(
        _ type: ResourceType,
        namespace: String?
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision)

    /// All objects of several types in one exact picture: what a watcher starts from.
    func snapshot(
        _ types: [ResourceType]
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision)

    /// Stores a new object and returns it as stored; `.alreadyExists` otherwise. The
    /// `resourceVersion` of `resource` must be absent.
    func create(_ resource: Resource) async throws(DatastoreError) -> Resource

    /// Replaces an object and returns it as stored. With a `resourceVersion` the object must still be
    /// of that revision (`.conflict`); without one it is replaced whatever it is. `.notFound` when
    /// there is none.
    func update(_ resource: Resource) async throws(DatastoreError) -> Resource

    /// Removes an object and returns its last state; with `ifRevision` only at that revision.
    func delete(
        _ key: ResourceKey,
        ifRevision: String?
    ) async throws(DatastoreError) -> Resource

    /// What happens to objects of these types after `revision`, in order, without a gap. The
    /// stream ends with `.compacted` when the history no longer reaches back that far: take a
    /// ``snapshot(_:)`` and watch from there.
    func watch(
        _ types: [ResourceType],
        from revision: Revision
    ) -> AsyncThrowingStream<[Event], any Error>
}

/// One change of one object.
package struct Event: Hashable, Sendable {
    package enum Change: Hashable, Sendable {
        case added(Resource)
        case modified(Resource)
        /// With the last state before the deletion.
        case deleted(Resource)
    }

    package let change: Change
    package let revision: Revision

    package init(_ change: Change, revision: Revision) {
        self.change = change
        self.revision = revision
    }

    /// The object after the change, or before its deletion.
    package var resource: Resource {
        switch change {
        case .added(let resource), .modified(let resource), .deleted(let resource): resource
        }
    }
}

/// Why the store did not do what it was asked.
package enum DatastoreError: Error, Hashable, Sendable {
    case alreadyExists(ResourceKey)
    case notFound(ResourceKey)
    /// The object is of another revision than the caller saw.
    case conflict(ResourceKey, expected: String, actual: String)
    /// The history from this revision on is gone; the oldest that can be watched from follows.
    case compacted(asked: Revision, oldest: Revision)
    /// The store cannot be reached or written; the text says what was tried and why it failed.
    case unavailable(String)
    /// What is stored under this key is no valid object.
    case corrupt(ResourceKey, String)
    /// The caller's object cannot be stored whatever the store holds: no name, no kind, or a
    /// `resourceVersion` on an object to be created.
    case invalid(ResourceKey, String)
}

extension DatastoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .alreadyExists(let key): "\(key) already exists"
        case .notFound(let key): "\(key) does not exist"
        case .conflict(let key, let expected, let actual):
            "\(key) was changed meanwhile: revision \(actual) instead of \(expected)"
        case .compacted(let asked, let oldest):
            "revision \(asked) is compacted; the oldest to watch from is \(oldest)"
        case .unavailable(let why): "the store is unavailable: \(why)"
        case .corrupt(let key, let why): "\(key) is corrupt in the store: \(why)"
        case .invalid(let key, let why): "\(key) cannot be stored: \(why)"
        }
    }
}
