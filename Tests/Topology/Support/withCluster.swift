import Cluster
import Foundation
import Testing

/// Brings a cluster up, runs a scenario on it and takes it down; nothing of it may be left.
func withCluster(
    nodes: Int = 2,
    ipv6: Bool = true,
    routing: ClusterRouting = .direct,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ scenario: (inout Cluster) async throws -> Void
) async throws {
    let name = "topology\(getpid())"
    var cluster = try await Cluster.up(
        name: name,
        nodes: nodes,
        hasIPv6: ipv6,
        routing: routing
    ) { _ in }
    do {
        try await scenario(&cluster)
    } catch {
        let logs = cluster.agentErrors()
        try await cluster.down()
        throw ClusterError("\(error)\(logs)")
    }
    try await cluster.down()
    #expect(try leftovers(of: cluster.paths) == [], sourceLocation: sourceLocation)
}

/// Namespaces, processes, pinned objects and files that still go by the cluster's name.
func leftovers(of paths: ClusterPaths) throws -> [String] {
    let files = FileManager.default
    let namespaces = try files.contentsOfDirectory(atPath: "/run/netns")
        .filter { $0.hasPrefix("\(paths.name)-") }
    let processes = try files.contentsOfDirectory(atPath: "/proc").filter { entry in
        guard Int32(entry) != nil, let line = files.contents(atPath: "/proc/\(entry)/cmdline")
        else { return false }
        return String(decoding: line, as: UTF8.self).contains(paths.folder)
    }
    let folders = [paths.folder, paths.pins].filter { files.fileExists(atPath: $0) }
    return namespaces.map { "namespace \($0)" } + processes.map { "process \($0)" } + folders
}
