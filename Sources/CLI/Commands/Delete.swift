internal import ArgumentParser
internal import Datastore
internal import Resources

/// The command `caracalctl delete`.
struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deletes objects by kind and name, or those of files.",
        usage: """
            caracalctl delete [options] KIND NAME...
            caracalctl delete [options] -f FILE
            """
    )

    @Argument(help: "A kind and names, or KIND/NAME.")
    var target: [String] = []

    @OptionGroup var files: FileOption
    @OptionGroup var options: WriteOptions

    @Flag(
        name: [.customShort("s"), .long, .customLong("ignore-not-found")],
        help: "Passes over objects that do not exist."
    )
    var skipNotExists = false

    func run() async throws {
        guard target.isEmpty != files.isEmpty else {
            throw CommandFailure("Error: expected either KIND and NAME, or -f", .usage)
        }
        var tally = Tally(.delete, isDryRun: options.dryRun)
        let wanted = try wanted(&tally)
        if !tally.hasFailures {
            let store = try await options.store.openToWrite(isDryRun: options.dryRun)
            for (key, origin) in wanted {
                do {
                    _ = try await ObjectWriter(store: store).delete(key)
                    tally.handle(key.type.kind)
                } catch {
                    if skipNotExists, case DatastoreError.notFound? = error as? DatastoreError {
                        continue
                    }
                    tally.fail(error, key, origin)
                }
            }
        }
        try tally.finish(on: .current)
    }

    private func wanted(_ tally: inout Tally) throws -> [(ResourceKey, Origin?)] {
        guard files.isEmpty else {
            // What is invalid may still have to be deleted.
            return try files.objects(namespace: options.namespace.name, &tally, check: .identity)
                .map { ($0.resource.key, $0.origin) }
        }
        return try Target.parse(target).flatMap { target in
            guard !target.names.isEmpty else {
                throw CommandFailure("Error: expected the names of what to delete", .usage)
            }
            return target.names.map { name -> (ResourceKey, Origin?) in
                (options.namespace.key(target.kind, name), nil)
            }
        }
    }
}
