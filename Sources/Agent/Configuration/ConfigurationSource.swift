package import Datastore
internal import Linux
package import Resources

/// Where the agent's parameters come from: command line, environment, file, and the
/// FelixConfigurations of the store.
package struct ConfigurationSource: Sendable {
    private let store: any Datastore
    private let node: String
    private let local: [FelixSource]

    /// The kinds of the store that it reads.
    package static let types: [ResourceType] = [.calico("FelixConfiguration"), .calico("Node")]

    package init(_ options: AgentOptions, store: any Datastore, node: String) {
        self.store = store
        self.node = node
        let file = try? File.read(options.configurationFile)
        local = options.localSources(file: file.map { String(decoding: $0, as: UTF8.self) })
    }

    /// The parameters as they hold now, and the names of FelixConfigurations that lost to others.
    package func read() async throws(DatastoreError) -> (FelixParameters, ignored: [String]) {
        let configurations = try await store.list(.calico("FelixConfiguration"), namespace: nil)
        let calico = try await store.get(ResourceKey(.calico("Node"), name: node))
        let core = try await store.get(ResourceKey(.core("Node"), name: node))
        let labels = (core?.labels ?? [:]).merging(calico?.labels ?? [:]) { $1 }
        let (sources, ignored) = FelixSource.configurations(
            configurations.items,
            host: node,
            nodeLabels: labels
        )
        return (FelixParameters(local + sources), ignored)
    }
}
