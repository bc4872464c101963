internal import ArgumentParser
internal import Datastore
internal import IPAM
internal import JSON
internal import Resources

/// The command `caracalctl ipam configure`.
struct IPAMConfigure: AsyncParsableCommand {
    enum Switch: String, ExpressibleByArgument, CaseIterable {
        case enabled = "Enabled"
        case disabled = "Disabled"
    }

    static let configuration = CommandConfiguration(
        commandName: "configure",
        abstract: "Changes how addresses are handed out."
    )

    @Option(help: "Whether a node takes addresses from its own blocks only: true or false.")
    var strictaffinity: Bool?

    @Option(help: "Blocks a node may have; 0 for the default limit.")
    var maxBlocksPerHost: Int?

    @Option(help: "How long a released address rests.")
    var ipCooldownSeconds: Int?

    @Option(help: "Whether virtual machines keep their addresses: Enabled or Disabled.")
    var kubevirtIpPersistence: Switch?

    @OptionGroup var options: WriteOptions

    func run() async throws {
        let changes: [(field: String, title: String, value: JSONValue?)] = [
            ("strictAffinity", "StrictAffinity", strictaffinity.map { .bool($0) }),
            ("maxBlocksPerHost", "MaxBlocksPerHost", maxBlocksPerHost.map { .int(Int64($0)) }),
            ("ipCooldownSeconds", "IPCooldownSeconds", ipCooldownSeconds.map { .int(Int64($0)) }),
            (
                "kubeVirtVMAddressPersistence", "KubeVirtVMAddressPersistence",
                kubevirtIpPersistence.map { .string($0.rawValue) }
            ),
        ]
        let chosen = changes.filter { $0.value != nil }
        guard !chosen.isEmpty else {
            throw CommandFailure("Error: expected a setting; see --help", .usage)
        }
        let store = try await options.store.openToWrite(isDryRun: options.dryRun)
        let key = IPAMConfiguration.key
        var object =
            try await store.get(key)
            ?? applyDefaults(Resource(key.type, version: "v3", name: key.name))
        for change in chosen { object.spec[change.field] = change.value }
        let errors = Resources.validate(object)
        guard errors.isEmpty else {
            throw CommandFailure("Error: \(key): \(Refusal(errors).reason)", .invalid)
        }
        _ = try await ObjectWriter(store: store).apply(object)
        let end = options.dryRun ? " (dry run)" : ""
        for change in chosen {
            Console.current.writeLine(
                "Successfully set \(change.title) to: \(change.value?.cell ?? "")\(end)"
            )
        }
    }
}
