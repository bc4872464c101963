package import Model

/// What the cluster's objects say about addresses: which label class every remote address is in.
///
/// Facts come in by `set…`, questions by `acquire`; `refresh` then works out what became of the
/// classes, touching only what changed. Everything is a function of the present facts and questions:
/// the order in which they came leaves no trace.
package struct ClusterIndex: Sendable {
    package let localNode: String
    var pool = LabelPool()
    var labelArena = LabelArena()
    var profileLists = ProfileLists()
    var items = ItemTable()
    /// Items that are endpoints of this node.
    var localItems: [Int32: EndpointID] = [:]
    var staleItems: [Int32] = []
    /// Profiles whose labels changed since items were looked at; retained names.
    var changedProfiles: Set<Int32> = []
    /// Labels that profiles apply, by the number of the profile's name.
    var profileLabels: [Int32: [Label]] = [:]

    var tree = PrefixTree()
    var sets = MatcherSets()
    var dirtyNodes: [PrefixTree.NodeID] = []
    var classes = ClassTable()

    var matchers = MatcherTable()
    var selectors = SelectorIndex()
    /// Matchers that ask for a named port.
    var portMatchers: [NamedPort: [MatcherID]] = [:]
    /// Matchers that ask for a service, and the addresses that they hold for now.
    var serviceMatchers: [ServiceID: [MatcherID]] = [:]
    var serviceAddresses: [MatcherID: Set<Address>] = [:]

    var scopes = ScopeTable()
    var services = ServiceTable()
    var portNames = PortNameTable()
    var news = News()
    var effort = Effort()
    /// Local addresses whose owners matter to their own programs, sorted.
    var watched: [Address] = []

    package init(localNode: String) {
        self.localNode = localNode
    }

    /// What was looked at since the last `takeEffort`: after the start, little, however large the
    /// cluster.
    package struct Effort: Hashable, Sendable {
        /// Endpoints and network sets whose labels were matched.
        package var items = 0
        /// Selectors asked for them.
        package var selectors = 0
        /// Prefixes whose class was worked out.
        package var prefixes = 0

        package init() {}
    }

    package mutating func takeEffort() -> Effort {
        defer { effort = Effort() }
        return effort
    }

    /// What changed besides classes, for whoever compiles rules.
    package struct News: Sendable {
        /// Local endpoints whose labels may be others now.
        package var relabelled: Set<EndpointID> = []
        /// Port names that stand for other ports now.
        package var portNames: Set<String> = []
        /// Services with other members now.
        package var services: Set<ServiceID> = []
        /// Watched addresses whose owners may answer otherwise now.
        package var addresses: Set<Address> = []
    }

    /// The news since the last call; brings all items up to date.
    package mutating func takeNews() -> News {
        evaluateStaleItems()
        defer { news = News() }
        news.portNames = portNames.takeChanged()
        news.services = services.takeChanged()
        for service in news.services { updateServiceMatchers(service) }
        return news
    }

    // MARK: Facts

    package mutating func set(_ id: EndpointID, _ endpoint: Endpoint?) {
        let key = ItemKey.endpoint(id)
        guard let endpoint else { return removeItem(key) }
        setItem(
            key,
            labels: endpoint.labels,
            profiles: endpoint.profiles,
            nets: endpoint.addresses.map { Prefix($0) },
            ports: endpoint.ports,
            local: id.node == localNode ? id : nil
        )
    }

    package mutating func set(_ id: NetworkSetID, _ set: NetworkSet?) {
        let key = ItemKey.networkSet(id)
        guard let set else { return removeItem(key) }
        setItem(
            key,
            labels: set.labels,
            profiles: set.profiles,
            nets: set.nets,
            ports: [],
            local: nil
        )
    }

    package mutating func setSlice(_ name: String, _ slice: ServiceSlice?) {
        services.set(name, slice)
    }

    /// The labels that members of a profile inherit; `nil` when there is no such profile.
    package mutating func setProfile(_ name: String, _ applied: [String: String]?) {
        let id = pool.retain(name)
        defer { pool.release(id) }
        let former = profileLabels[id]
        let labels = applied.map { pool.retain($0) }
        profileLabels[id] = labels
        // Its own number stays as long as the profile has labels to apply.
        if labels != nil, former == nil { pool.retain(id) }
        if labels == nil, former != nil { pool.release(id) }
        if let former { pool.release(former) }
        guard labels ?? [] != former ?? [] else { return }
        if changedProfiles.insert(id).inserted { pool.retain(id) }
    }

    // MARK: Answers

    /// Ports that go by the name on some endpoint, in no order.
    package func ports(named name: String) -> [NamedPort] { portNames.ports(name) }

    package func members(of service: ServiceID) -> Set<ServiceSlice.Member> {
        services.members(of: service)
    }

    /// From now on news tell when what owns one of these addresses changes.
    package mutating func watch(_ addresses: some Sequence<Address>) {
        watched = addresses.sorted()
    }

    /// Whether some endpoint or network set with the address matches the selector.
    package mutating func someOwner(of address: Address, matches selector: String) -> Bool {
        var single = SelectorIndex()
        single.insert(0, selector, &pool)
        defer { single.remove(0, &pool) }
        return owners(of: address).contains { single.matches(0, view(of: $0), pool) }
    }

    /// Ports of that name on endpoints that have the address and match all selectors.
    package mutating func ports(
        named name: String,
        at address: Address,
        matching texts: [String]
    ) -> Set<NamedPort> {
        var wanted = SelectorIndex()
        for (id, text) in texts.enumerated() { wanted.insert(Int32(id), text, &pool) }
        defer { for id in texts.indices { wanted.remove(Int32(id), &pool) } }
        var found: Set<NamedPort> = []
        for owner in owners(of: address) {
            let ports = items.ports(of: owner).filter { $0.name == name }
            guard !ports.isEmpty else { continue }
            let labels = view(of: owner)
            let isMember = texts.indices.allSatisfy { wanted.matches(Int32($0), labels, pool) }
            if isMember { found.formUnion(ports) }
        }
        return found
    }

    private func owners(of address: Address) -> [Int32] {
        tree.path(to: address).flatMap { tree.owners(of: $0) }
    }
}
