package import Datastore
internal import JSON
internal import Model
internal import Resources

/// This node's Node object, created at the start and kept at the node's addresses.
package struct NodeRecord: Sendable {
    private let store: any Datastore
    private let name: String
    private static let retries = 100

    package init(store: any Datastore, name: String) {
        self.store = store
        self.name = name
    }

    /// Writes addresses and interfaces where they differ from what is stored; everything else in the
    /// object is somebody else's and stays.
    package func publish(
        _ addresses: [MachineAddress],
        interfaces: [MachineAddress] = []
    ) async throws(DatastoreError) {
        let key = ResourceKey(.calico("Node"), name: name)
        for _ in 0..<Self.retries {
            let stored = try await store.get(key)
            var node = stored ?? Resource(key.type, version: "v3", name: name)
            Self.set(addresses, in: &node)
            Self.set(interfaces: interfaces, in: &node)
            guard node != stored else { return }
            do throws(DatastoreError) {
                _ = stored == nil ? try await store.create(node) : try await store.update(node)
                return
            } catch {
                switch error {
                case .conflict, .alreadyExists, .notFound: continue
                default: throw error
                }
            }
        }
        throw .unavailable("\(key) changes all the time")
    }

    private static func set(_ addresses: [MachineAddress], in node: inout Resource) {
        var spec = node.spec
        var bgp = spec["bgp"] ?? .object([:])
        for family in Family.allCases {
            let address = addresses.first { $0.address.family == family }
            let field = "ipv\(family.rawValue)Address"
            if address != nil || bgp[field] != nil {
                bgp[field] = address.map { .string($0.description) }
            }
        }
        // An empty one is refused by validation.
        spec["bgp"] = bgp.object?.isEmpty == false ? bgp : nil
        let own = addresses.map { $0.address.description }
        let others = (spec["addresses"]?.array ?? []).filter {
            $0["type"]?.string != "CalicoNodeIP" && !own.contains($0["address"]?.string ?? "")
        }
        let published = own.map { ["address": .string($0), "type": "CalicoNodeIP"] as JSONValue }
        let all = published + others
        if !all.isEmpty || spec["addresses"] != nil { spec["addresses"] = .array(all) }
        node.spec = spec
    }

    /// Calico's `spec.interfaces`: what templates of automatic host endpoints choose from.
    private static func set(interfaces: [MachineAddress], in node: inout Resource) {
        var names: [String] = []
        for found in interfaces where !names.contains(found.interface) {
            names.append(found.interface)
        }
        let values = names.map { name in
            let own = interfaces.filter { $0.interface == name }
            return [
                "name": .string(name),
                "addresses": .array(own.map { .string($0.address.description) }),
            ] as JSONValue
        }
        if !values.isEmpty || node.spec["interfaces"] != nil {
            node.spec["interfaces"] = .array(values)
        }
    }
}
