internal import ArgumentParser
internal import Datastore
internal import JSON
internal import Resources

/// The command `caracalctl version`.
struct Version: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the version of this program and of the cluster."
    )

    @OptionGroup var store: StoreOption

    @Flag(help: "Shows this program's only, without the store.")
    var client = false

    func run() async throws {
        let console = Console.current
        console.writeLine("Client Version:   \(Caracalctl.version)")
        guard !client else { return }
        let (items, revision) = try await store.open().list(
            .calico("ClusterInformation"),
            namespace: nil
        )
        let spec = items.first?.spec
        console.writeLine("Cluster Version:  \(spec?["calicoVersion"]?.string ?? "unknown")")
        console.writeLine("Cluster Type:     \(spec?["clusterType"]?.string ?? "unknown")")
        console.writeLine("Store:            \(store.path), revision \(revision)")
    }
}
