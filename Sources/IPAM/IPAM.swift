package import Datastore
internal import JSON
internal import Model
internal import Resources

/// Hands out the addresses of IP pools over a shared store, with Calico's data and Calico's rules.
///
/// Every write is a compare-and-swap of one object, so any number of clients may work on one store.
/// What a crash leaves half done is always on the safe side, no address is ever free while someone
/// holds it, and is put right by the next call that meets it: a handle counts before the block is
/// written and is lowered after; an affinity is pending before its block exists.
///
/// Blocks and affinities are cached with their revisions. Only a successful write may rest on a
/// cached value; every other answer is checked against the store first. So an old cache costs a retry
/// and never gives a wrong result.
package actor IPAM {
    let store: any Datastore
    var blocks: [Prefix: Stored<Block>] = [:]
    var affinities: [Affinity: [Stored<BlockAffinity>]] = [:]
    private var pools: [String: (revision: String?, pool: Pool?)] = [:]
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Attempts at one compare-and-swap before giving up, as in Calico.
    static let retries = 100
    private static let cachedBlocks = 256

    package init(store: any Datastore) {
        self.store = store
    }
}

// MARK: - One at a time

extension IPAM {
    /// Lets one change through at a time, first come first served: two that ran into each other
    /// within one process would only cost each other retries.
    func begin() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func end() {
        guard !waiting.isEmpty else {
            isBusy = false
            return
        }
        waiting.removeFirst().resume()
    }
}

// MARK: - What is configured

/// Pools, reservations and configuration in one exact picture.
struct Settings {
    /// By name.
    var pools: [Pool] = []
    var reservations = Reservations()
    var configuration = IPAMConfiguration()
}

extension IPAM {
    func settings() async throws(IPAMError) -> Settings {
        let types: [ResourceType] = [
            .calico("IPPool"), .calico("IPReservation"), IPAMConfiguration.key.type,
        ]
        let items = try await stored { store throws(DatastoreError) in
            try await store.snapshot(types).items
        }
        var settings = Settings()
        var reserved: [Prefix] = []
        for item in items {
            switch item.kind {
            case "IPPool":
                if let pool = pool(item) { settings.pools.append(pool) }
            case "IPReservation":
                let cidrs = item.spec["reservedCIDRs"]?.array ?? []
                reserved += cidrs.compactMap { $0.string.flatMap { Prefix($0) } }
            default:
                guard item.name == IPAMConfiguration.key.name else { continue }
                settings.configuration = IPAMConfiguration(spec: item.spec)
            }
        }
        settings.pools.sort { $0.name < $1.name }
        settings.reservations = Reservations(reserved)
        return settings
    }

    /// Parses a pool once per revision.
    private func pool(_ resource: Resource) -> Pool? {
        let revision = resource.resourceVersion
        if let known = pools[resource.name], known.revision == revision { return known.pool }
        let pool = Pool(resource)
        pools[resource.name] = (revision, pool)
        return pool
    }

    /// Labels of a node, `nil` when there is no such node: those of Calico's object, and of
    /// Kubernetes' where that is stored too.
    ///
    /// Where no pool looks at them, that the node exists is all that is read.
    func nodeLabels(
        _ node: String,
        for pools: [Pool]
    ) async throws(IPAMError) -> [String: String]? {
        let calico = try await stored { store throws(DatastoreError) in
            try await store.get(ResourceKey(.calico("Node"), name: node))
        }
        if let calico, !pools.contains(where: \.looksAtNodes) { return calico.labels }
        let core = try await stored { store throws(DatastoreError) in
            try await store.get(ResourceKey(.core("Node"), name: node))
        }
        guard calico != nil || core != nil else { return nil }
        return (core?.labels ?? [:]).merging(calico?.labels ?? [:]) { $1 }
    }

    /// Replaces the configuration after checking that its parts go together.
    package func configure(_ configuration: IPAMConfiguration) async throws(IPAMError) {
        if let contradiction = configuration.contradiction { throw .invalid(contradiction) }
        _ = try await stored { store throws(DatastoreError) in
            let key = IPAMConfiguration.key
            guard var current = try await store.get(key) else {
                return try await store.create(
                    Resource(key.type, version: "v3", name: key.name, spec: configuration.spec)
                )
            }
            current.spec = configuration.spec
            return try await store.update(current)
        }
    }

    package func configuration() async throws(IPAMError) -> IPAMConfiguration {
        try await settings().configuration
    }
}

// MARK: - Objects

extension IPAM {
    func stored<Value>(
        _ body: (any Datastore) async throws(DatastoreError) -> Value
    ) async throws(IPAMError) -> Value {
        do throws(DatastoreError) {
            return try await body(store)
        } catch {
            throw .store(error)
        }
    }

    func get<Value>(_ name: String) async throws(IPAMError) -> Stored<Value>? {
        let key = ResourceKey(.calico(Value.kind), name: name)
        let resource = try await stored { store throws(DatastoreError) in
            try await store.get(key)
        }
        guard let resource else { return nil }
        return try Stored(resource)
    }

    /// All objects of a kind, leaving what does not decode; ``check()`` names that.
    func list<Value>() async throws(IPAMError) -> [Stored<Value>] {
        let type = ResourceType.calico(Value.kind)
        let items = try await stored { store throws(DatastoreError) in
            try await store.list(type, namespace: nil).items
        }
        return items.compactMap { item in
            do throws(IPAMError) { return try Stored(item) } catch { return nil }
        }
    }

    func create<Value>(_ value: Value) async throws(IPAMError) -> Stored<Value> {
        let resource = Resource(
            .calico(Value.kind),
            version: "v3",
            name: value.objectName,
            spec: value.spec
        )
        return try Stored(
            try await stored { store throws(DatastoreError) in try await store.create(resource) }
        )
    }

    func update<Value>(_ object: Stored<Value>) async throws(IPAMError) -> Stored<Value> {
        let resource = object.resource
        let written = try await stored { store throws(DatastoreError) in
            try await store.update(resource)
        }
        return Stored(object.value, metadata: written.metadata)
    }

    func delete<Value>(_ object: Stored<Value>) async throws(IPAMError) {
        let key = ResourceKey(.calico(Value.kind), name: object.value.objectName)
        let revision = object.revision
        _ = try await stored { store throws(DatastoreError) in
            try await store.delete(key, ifRevision: revision)
        }
    }

    func remember(_ block: Stored<Block>) {
        if blocks.count >= Self.cachedBlocks { blocks.removeAll() }
        blocks[block.value.cidr] = block
    }
}
