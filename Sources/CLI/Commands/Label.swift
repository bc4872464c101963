internal import ArgumentParser
internal import Datastore
internal import Resources

/// The command `caracalctl label`.
struct Label: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sets or removes labels of one object.",
        usage: """
            caracalctl label [options] KIND NAME KEY=VALUE... [--overwrite]
            caracalctl label [options] KIND NAME KEY... --remove
            """
    )

    @Argument(help: "A kind, a name (or KIND/NAME), then labels.")
    var arguments: [String]

    @Flag(help: "Changes labels that are set already.")
    var overwrite = false

    @Flag(help: "Removes the labels.")
    var remove = false

    @OptionGroup var options: WriteOptions

    func run() async throws {
        let isJoined = arguments[0].contains("/")
        let split = isJoined ? 1 : 2
        guard arguments.count > split else {
            throw CommandFailure("Error: expected a kind, a name and labels", .usage)
        }
        let target = try Target.parse(Array(arguments[..<split]))[0]
        let key = options.namespace.key(target.kind, target.names[0])
        let changes = try arguments[split...].map(change)
        do {
            let store = try await options.store.openToWrite(isDryRun: options.dryRun)
            _ = try await ObjectWriter(store: store).edit(key) { current in
                try labelled(current, changes)
            }
        } catch {
            var tally = Tally(.label)
            tally.fail(error, key)
            try tally.finish(on: .current)
        }
        let end = options.dryRun ? " (dry run)" : ""
        for (name, value) in changes {
            let what = value == nil ? "removed label \(name) from" : "set label \(name) on"
            Console.current.writeLine("Successfully \(what) \(key)\(end)")
        }
    }

    private func change(_ text: String) throws(CommandFailure) -> (name: String, value: String?) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard (parts.count == 1) == remove, !parts[0].isEmpty else {
            let expected = remove ? "KEY" : "KEY=VALUE"
            throw CommandFailure("Error: expected \(expected), not '\(text)'", .usage)
        }
        return (String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
    }

    private func labelled(
        _ current: Resource,
        _ changes: [(name: String, value: String?)]
    ) throws(Refusal) -> Resource {
        var result = current
        var labels = current.labels
        for (name, value) in changes {
            switch (labels[name], value) {
            case (nil, nil): throw Refusal("it has no label \(name)", .notFound)
            case (let old?, let new?) where old != new && !overwrite:
                throw Refusal("label \(name) is '\(old)' already; see --overwrite", .conflict)
            default: labels[name] = value
            }
        }
        result.labels = labels
        let errors = Resources.validate(result)
        guard errors.isEmpty else { throw Refusal(errors) }
        return result
    }
}
