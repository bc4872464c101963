internal import ArgumentParser
internal import Datastore
internal import DatastoreMemory
internal import JSON
internal import Model
internal import Resources

/// The command `caracalctl policy preview`.
struct PolicyPreview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Shows what a change of policy would do, before it is applied.",
        discussion: """
            The objects of the files are applied to a copy of the store, or with --delete deleted \
            there, and two things are judged before and after: the flows that agents have seen in \
            the last hour (65,536 an agent, the oldest go first), and every pair of workloads, for \
            each protocol and port that a changed rule mentions or --port names. Workloads that no \
            rule tells apart are judged once for all of them; a table of more than 400,000 verdicts \
            is judged in part, and the answer says so. Nothing is written.
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
        case yaml
    }

    @OptionGroup var files: FileOption

    @Flag(help: "Deletes the objects of the files instead of applying them.")
    var delete = false

    @Flag(help: "Enforces all staged policies after the change; needs no file.")
    var staged = false

    @Option(
        help: ArgumentHelp(
            "A port of the truth table, as 80/TCP, 53/UDP or icmp; may be repeated.",
            valueName: "port"
        )
    )
    var port: [String] = []

    @Option(
        name: .customLong("socket"),
        help: "An agent's socket; may be repeated. Else that of this machine, if there is one."
    )
    var sockets: [String] = []

    @Flag(help: "Exits with status 7 when some verdict would change.")
    var exitCode = false

    @Option(name: .shortAndLong, help: "table, json or yaml.")
    var output = Format.table

    @OptionGroup var store: StoreOption
    @OptionGroup var namespace: NamespaceOption

    func run() async throws {
        let ports = try port.map { text in
            guard let probe = Probe(text) else {
                throw CommandFailure("Error: '\(text)' is no port; expected 80/TCP or icmp", .usage)
            }
            return probe
        }
        let change = try await change()
        let seen = try seenFlows()
        let preview = Preview(
            flows: seen.flows.map { FlowPreview($0, change) },
            unreached: seen.unreached,
            pairs: PairPreview(change, probes: ports.isEmpty ? Probe.all(in: change) : ports)
        )
        switch output {
        case .table: Console.current.write(preview.text)
        case .json: Console.current.writeLine(preview.json.text(indentation: 2))
        case .yaml: Console.current.write(preview.json.yaml)
        }
        if exitCode, preview.hasChanges { throw CommandFailure([], .changes) }
    }

    // MARK: The change

    private func change() async throws -> WorldChange {
        guard staged || !files.isEmpty else {
            throw CommandFailure("Error: expected -f with a file, a folder or -", .usage)
        }
        let store = try await store.openToWrite(isDryRun: true)
        let before = try await store.snapshot(ResourceKind.all.map(\.type)).items
        if !files.isEmpty { try await carryOut(in: store) }
        let after = try await store.snapshot(ResourceKind.all.map(\.type)).items
        let console = Console.current
        return WorldChange(
            PolicyTrace.updates(before, on: nil),
            PolicyTrace.updates(after, on: console),
            enforcesStaged: staged
        )
    }

    /// As `apply` and `delete` do it, with the same errors, in the copy.
    private func carryOut(in store: any Datastore) async throws {
        var tally = Tally(delete ? .delete : .apply, isDryRun: true)
        let objects = try files.objects(
            namespace: namespace.name,
            &tally,
            check: delete ? .identity : .complete
        )
        let writer = ObjectWriter(store: store)
        for object in objects where !tally.hasFailures {
            do {
                if delete {
                    _ = try await writer.delete(object.resource.key)
                } else {
                    _ = try await writer.apply(object.resource)
                }
            } catch {
                tally.fail(error, object.resource.key, object.origin)
            }
        }
        if tally.hasFailures { try tally.finish(on: .current) }
    }

    // MARK: Flows

    /// What the agents have seen; an agent that was asked for by name must answer.
    private func seenFlows() throws -> (flows: [SeenFlow]?, unreached: String?) {
        var flows: [Flow: SeenFlow] = [:]
        do {
            let paths: [String?] = sockets.isEmpty ? [nil] : sockets
            for socket in paths {
                let answer = try AgentOption.ask(
                    at: socket,
                    "flows",
                    ["seconds": 3600],
                    timeout: .seconds(30)
                )
                for flow in (answer["flows"]?.array ?? []).compactMap({ SeenFlow($0) }) {
                    // Both ends' nodes have seen it, each with a source port of its own time.
                    var key = flow.flow
                    key.sourcePort = 0
                    if flow.age < flows[key]?.age ?? .infinity { flows[key] = flow }
                }
            }
        } catch let failure as CommandFailure where sockets.isEmpty {
            return (nil, failure.lines.joined(separator: " ").replacing("Error: ", with: ""))
        }
        return (Array(flows.values), nil)
    }
}
