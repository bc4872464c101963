import Model
import Resources

/// Services and where their ready endpoints are.
struct ServiceTable: Sendable {
    /// A service's name with its namespace's.
    private struct ID: Hashable {
        let namespace: String
        let name: String
    }

    private var services: [ID: ServiceView] = [:]
    private var slices: [ID: [ResourceKey: ServiceEndpointsView]] = [:]
    private var places: [ResourceKey: ID] = [:]

    var all: some Collection<ServiceView> { services.values }

    mutating func set(_ key: ResourceKey, _ service: ServiceView?) {
        services[ID(namespace: key.namespace ?? "", name: key.name)] = service
    }

    mutating func set(_ key: ResourceKey, _ endpoints: ServiceEndpointsView?) {
        remove(key)
        guard let endpoints else { return }
        let id = ID(namespace: endpoints.namespace, name: endpoints.service)
        slices[id, default: [:]][key] = endpoints
        places[key] = id
    }

    mutating func remove(_ key: ResourceKey) {
        if key.type.kind == "Service" {
            services[ID(namespace: key.namespace ?? "", name: key.name)] = nil
        } else if let id = places.removeValue(forKey: key) {
            slices[id]?[key] = nil
            if slices[id]?.isEmpty == true { slices[id] = nil }
        }
    }

    /// Whether a node has a ready endpoint of the family.
    func hasEndpoint(_ service: ServiceView, on node: String, _ family: Family) -> Bool {
        slices(of: service).contains { $0.readyFamilies[node]?.contains(family) ?? false }
    }

    /// Whether there is a ready endpoint of the family anywhere.
    func hasEndpoint(_ service: ServiceView, _ family: Family) -> Bool {
        slices(of: service).contains { slice in
            slice.readyFamilies.values.contains { $0.contains(family) }
        }
    }

    private func slices(of service: ServiceView) -> [ServiceEndpointsView] {
        let id = ID(namespace: service.namespace, name: service.name)
        return Array((slices[id] ?? [:]).values)
    }
}
