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
        subcommands: [PolicyTrace.self]
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
            The answer is that of the policies in the store, or offline of those in --file.
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

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Format.text

    @OptionGroup var store: StoreOption

    func run() async throws {
        let question = try question()
        let console = Console.current
        let resources = try await resources()
        let world = TraceWorld(Self.updates(resources, on: console))
        let trace = try Trace(
            question,
            from: try world.end(source),
            to: try world.end(destination),
            in: world
        )
        switch output {
        case .text: console.write(trace.text)
        case .json: console.writeLine(trace.json.text(indentation: 2))
        }
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
    private static func updates(_ resources: [Resource], on console: Console) -> [Update] {
        var updates = builtInUpdates
        for resource in resources {
            do throws(ConversionError) {
                let conversion = try conversion(of: resource)
                updates += conversion.updates
                for problem in conversion.problems {
                    console.complainLine("Warning: left out: \(problem)")
                }
            } catch {
                console.complainLine("Warning: not in force: \(error)")
            }
        }
        return updates
    }
}
