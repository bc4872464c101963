internal import JSON
package import Resources

/// What must be written so that the store has the automatic host endpoints that it should.
package struct HostEndpointPlan: Hashable, Sendable {
    /// One write, of which none depends on another.
    package enum Write: Hashable, Sendable {
        case create(Resource)
        /// Carries the `resourceVersion` of what it replaces.
        case update(Resource)
        case delete(Resource)
    }

    package var writes: [Write] = []
    /// Objects that bear a wanted name and are somebody else's: they stay.
    package var obstacles: [ResourceKey] = []
    /// What the configuration says and cannot mean.
    package var problems: [String] = []

    /// Compares what should be with what is.
    init(settings: HostEndpointSettings, nodes: [NodeFacts], endpoints: [Resource]) {
        problems = settings.problems
        let wanted = AutomaticHostEndpoints(settings: settings)
        var present: [String: Resource] = [:]
        for endpoint in endpoints { present[endpoint.name] = endpoint }
        var kept: Set<String> = []
        for node in nodes {
            for endpoint in wanted.endpoints(of: node) where kept.insert(endpoint.name).inserted {
                add(endpoint, over: present[endpoint.name])
            }
        }
        for endpoint in endpoints
        where AutomaticHostEndpoints.isOurs(endpoint) && !kept.contains(endpoint.name) {
            writes.append(.delete(endpoint))
        }
    }

    private mutating func add(_ wanted: Resource, over present: Resource?) {
        guard let present else {
            writes.append(.create(wanted))
            return
        }
        guard AutomaticHostEndpoints.isOurs(present) else {
            obstacles.append(present.key)
            return
        }
        var next = present
        next.labels = wanted.labels
        // Others may annotate too; what the template says wins.
        next.annotations = present.annotations.merging(wanted.annotations) { $1 }
        next.spec = wanted.spec
        if next != present { writes.append(.update(next)) }
    }
}

/// What the controller knows of the store.
struct HostEndpointState: Sendable {
    /// The kinds that it is made of.
    static let types: [ResourceType] = [
        .calico("KubeControllersConfiguration"), .calico("Node"), .calico("HostEndpoint"),
    ]

    private var objects: [ResourceKey: Resource] = [:]

    mutating func replace(with items: [Resource]) {
        objects = [:]
        for item in items { set(item) }
    }

    mutating func set(_ item: Resource) { objects[item.key] = item }

    mutating func remove(_ item: Resource) { objects[item.key] = nil }

    var plan: HostEndpointPlan {
        func all(_ kind: String) -> [Resource] {
            objects.values.filter { $0.kind == kind }.sorted { $0.name < $1.name }
        }
        return HostEndpointPlan(
            settings: HostEndpointSettings(
                all("KubeControllersConfiguration").first { $0.name == "default" }
            ),
            nodes: all("Node").map(NodeFacts.init),
            endpoints: all("HostEndpoint")
        )
    }
}
