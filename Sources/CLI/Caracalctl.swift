package import ArgumentParser
internal import Datastore
internal import IPAM

/// The command `caracalctl`: reads and writes the resources of a cluster.
package struct Caracalctl: AsyncParsableCommand {
    /// Of all our executables.
    package static let version = "0.1.0"

    package static let configuration = CommandConfiguration(
        commandName: "caracalctl",
        abstract: "Reads and writes Caracal's resources, and explains what they do.",
        discussion: """
            Resources are Calico's, of projectcalico.org/v3, and the Kubernetes objects that \
            policy reads. Kinds may be written as in YAML, in lower case, as a plural or by short \
            name: `caracalctl get gnp`.

            The store is the SQLite file named by --store, else by CARACAL_STORE, else \
            \(StoreOption.defaultPath).

            \(ExitStatus.table)
            """,
        version: version,
        subcommands: [
            Get.self, Create.self, Apply.self, Replace.self, Patch.self, Delete.self, Label.self,
            Validate.self, PolicyCommand.self, IPAMCommand.self, NodeCommand.self, Drops.self,
            Flows.self, BGPCommand.self,
            Version.self,
        ]
    )

    package init() {}
}

extension Caracalctl {
    /// Runs one command line (without the program's name) and returns its exit status.
    package static func run(_ arguments: [String], on console: Console) async -> Int32 {
        await Console.$current.withValue(console) {
            do {
                var command = try parseAsRoot(arguments)
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
                return ExitStatus.success.rawValue
            } catch {
                return explain(error, on: console).rawValue
            }
        }
    }

    private static func explain(_ error: any Error, on console: Console) -> ExitStatus {
        switch error {
        case let failure as CommandFailure:
            for line in failure.lines { console.complainLine(line) }
            return failure.status
        case let error as DatastoreError:
            console.complainLine("Error: \(error)")
            return error.exitStatus
        case let error as IPAMError:
            console.complainLine("Error: \(error)")
            return error.exitStatus
        default:
            let text = fullMessage(for: error)
            guard exitCode(for: error) == .success else {
                console.complainLine(text)
                return .usage
            }
            console.writeLine(text)
            return .success
        }
    }
}
