import Cluster
import Datastore
import Foundation
import JSON
import Resources

/// What pods have on a node and in the store; equal before and after whatever leaves nothing.
struct Inventory: Equatable, Sendable, CustomStringConvertible {
    /// Allocated addresses, as blocks with their ordinals, and IPAM's handles.
    var addresses: [String] = []
    var endpoints: [String] = []
    /// Host ends of pods' links and routes over them.
    var links: [String] = []
    var routes: [String] = []
    var pins: [String] = []
    /// Entries by map.
    var entries: [String: Int] = [:]

    var description: String {
        let lists = [addresses, endpoints, links, routes, pins].flatMap(\.self)
        return (lists + entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
            .map { "\n  \($0)" }.joined()
    }

    /// The maps that say who is where and what holds for whom.
    private static let maps = [
        "cara_endpoints", "cara_ifaces", "cara_spoof", "cara_classes", "cara_programs",
        "cara_groups", "cara_ports", "cara_sports", "cara_verdicts",
    ]

    init(_ cluster: Cluster, node: String) async throws {
        try await readStore(cluster.openStore())
        let namespace = cluster.paths.namespace(ofNode: node)
        links = try lines(["ip", "-n", namespace, "-o", "link", "show"])
            .compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
            .filter { $0.hasPrefix("cali") }
        for family in ["-4", "-6"] {
            routes += try lines(["ip", "-n", namespace, family, "route", "show", "table", "all"])
                .filter { $0.contains(" cali") && !$0.contains("fe80::") && !$0.contains("ff00::") }
        }
        let root = cluster.paths.bpfRoot(node)
        pins = try FileManager.default.contentsOfDirectory(atPath: "\(root)/links").sorted()
        for map in Self.maps {
            let dump = try Command.run([
                "bpftool", "-j", "map", "dump", "pinned", "\(root)/maps/\(map)",
            ])
            entries[map] = try JSONValue(parsing: [UInt8](dump)).array?.count ?? 0
        }
    }

    private mutating func readStore(_ store: any Datastore) async throws {
        for block in try await store.list(.calico("IPAMBlock"), namespace: nil).items {
            let allocations = block.spec["allocations"]?.array ?? []
            for (ordinal, allocation) in allocations.enumerated() where !allocation.isNull {
                addresses.append("\(block.name)[\(ordinal)]")
            }
        }
        addresses += try await store.list(.calico("IPAMHandle"), namespace: nil).items.map(\.name)
        endpoints = try await store.list(.calico("WorkloadEndpoint"), namespace: nil).items
            .map(\.name)
    }

    private func lines(_ command: [String]) throws -> [String] {
        String(decoding: try Command.run(command), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }
}
