internal import ArgumentParser
internal import Datastore
internal import JSON
internal import Model
internal import Resources

/// The command `caracalctl policy`.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Explains what policy does.",
        subcommands: [
            PolicyTrace.self, PolicyShow.self, PolicyExplain.self, PolicyPreview.self,
        ]
    )
}

/// The command `caracalctl policy trace`.
struct PolicyTrace: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Shows which rules decide a flow, at its source and at its destination.",
        discussion: """
            SOURCE and DESTINATION are namespace/pod, the name of a host endpoint, or an address. \
            A host endpoint is asked about the node's own traffic, stage by stage. The answer is that of the policies in the store, or offline of those in --file. With \
            --kernel the agents at --socket show the look-ups that a packet makes in the maps of \
            their kernels, which bpftool shows as well; with --compare the store's objects are \
            compiled too, and exit status 1 says that the answers differ.
            """
    )

    @Argument(help: "Where the flow comes from.")
    var source: String

    @Argument(help: "Where it goes.")
    var destination: String

    @Option(name: .customLong("protocol"), help: "TCP, UDP, SCTP, UDPLite, ICMP, ICMPv6 or 1-255.")
    var protocolName = "TCP"

    @Option(help: "The destination port.")
    var port: UInt16?

    @Option(help: "The source port; else an ephemeral one.")
    var sourcePort: UInt16?

    @Option(help: "The ICMP type; else that of an echo request.")
    var icmpType: UInt8?

    @Option(help: "The ICMP code.")
    var icmpCode: UInt8?

    @Option(help: "4 or 6; else IPv4 if both ends have it.")
    var ipVersion: UInt8?

    @Option(
        help: ArgumentHelp(
            "Judges by the resources of a file instead of the store.",
            valueName: "file"
        )
    )
    var file: [String] = []

    @Flag(help: "Shows the look-ups in the kernel of each end's node.")
    var kernel = false

    @Flag(help: "Compares evaluator, compiled tables and kernel.")
    var compare = false

    @Option(
        name: .customLong("socket"),
        help: "Sockets of the agents to ask; repeatable. Else as `caracalctl node agent`."
    )
    var sockets: [String] = []

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Format.text

    @OptionGroup var store: StoreOption

    func run() async throws {
        let question = try question()
        let console = Console.current
        let updates = Self.updates(try await resources(), on: console)
        let world = TraceWorld(updates)
        let trace = try Trace(
            question,
            from: try world.end(source),
            to: try world.end(destination),
            in: world
        )
        let comparisons = try comparisons(of: trace, updates)
        switch output {
        case .text: console.write(text(trace, comparisons))
        case .json: console.writeLine(json(trace, comparisons).text(indentation: 2))
        }
        if compare, !comparisons.allSatisfy(\.agrees) { throw ExitCode.failure }
    }

    private func comparisons(
        of trace: Trace,
        _ updates: [Update]
    ) throws -> [TraceComparison] {
        guard kernel || compare else { return [] }
        guard file.isEmpty else {
            throw CommandFailure("Error: a file has no kernel: leave --file out", .usage)
        }
        let paths: [String?] = sockets.isEmpty ? [nil] : sockets
        let agents = try paths.map { path in
            try AgentOption.ask(at: path, "trace", trace.flow.question)
        }
        return TraceComparison.all(of: trace, agents: agents, updates: compare ? updates : nil)
    }

    private func text(_ trace: Trace, _ comparisons: [TraceComparison]) -> String {
        var text = trace.text
        if kernel { text += "\n" + comparisons.map(\.kernelText).joined(separator: "\n") }
        if compare { text += "\n" + comparisons.map(\.comparisonText).joined() }
        return text
    }

    private func json(_ trace: Trace, _ comparisons: [TraceComparison]) -> JSONValue {
        var json = trace.json
        for comparison in comparisons {
            let name = comparison.side.direction.rawValue.lowercased()
            json[name]?["comparison"] = comparison.json
        }
        return json
    }

    private func question() throws -> TraceQuestion {
        guard let named = IPProtocol(protocolName) else {
            throw CommandFailure("Error: unknown protocol '\(protocolName)'", .usage)
        }
        let family: Family? =
            switch ipVersion {
            case nil: nil
            case 4: .v4
            case 6: .v6
            case let other?: throw CommandFailure("Error: there is no IP version \(other)", .usage)
            }
        return TraceQuestion(
            protocol: named,
            port: port,
            sourcePort: sourcePort,
            icmpType: icmpType,
            icmpCode: icmpCode,
            family: family
        )
    }

    private func resources() async throws -> [Resource] {
        guard !file.isEmpty else {
            return try await store.open().snapshot(ResourceKind.all.map(\.type)).items
        }
        var tally = Tally(.validate)
        let objects = try FileOption(file).objects(namespace: "default", &tally)
        try tally.finish(on: .current)
        return objects.map(\.resource)
    }

    /// What the objects mean to policy; what means nothing, because it is invalid, is as if absent,
    /// which the agent holds as well.
    static func updates(_ resources: [Resource], on console: Console?) -> [Update] {
        var updates = builtInUpdates
        for resource in resources {
            do throws(ConversionError) {
                let conversion = try conversion(of: resource)
                updates += conversion.updates
                for problem in conversion.problems {
                    console?.complainLine("Warning: left out: \(problem)")
                }
            } catch {
                console?.complainLine("Warning: not in force: \(error)")
            }
        }
        return updates
    }
}
