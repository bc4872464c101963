internal import ArgumentParser
internal import JSON

/// The command `caracalctl node agent`.
struct NodeAgent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Shows how this node's agent is and what the kernel holds for it."
    )

    @OptionGroup var agent: AgentOption
    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    func run() async throws {
        let status = try agent.ask("status")
        guard output == .text else {
            Console.current.writeLine(status.text(indentation: 2))
            return
        }
        let console = Console.current
        let isReady = status["ready"]?.bool == true
        console.writeLine("\(status["node"]?.string ?? ""): \(isReady ? "ready" : "not ready")")
        for line in status["health"]?.array ?? [] { console.writeLine("  \(line.string ?? "")") }
        let counts = ["liveAddresses", "programs", "classes", "mapWrites"].map { name in
            "\(name) \(status[name]?.int ?? 0)"
        }
        console.writeLine("  " + counts.joined(separator: ", "))
        var table = TextTable(["ADDRESS", "ENDPOINT", "INTERFACE", "INGRESS", "EGRESS", "READY"])
        for endpoint in status["endpoints"]?.array ?? [] {
            table.rows.append([
                endpoint["address"]?.string ?? "", endpoint["endpoint"]?.string ?? "",
                endpoint["interface"]?.string ?? "", program(endpoint["ingressProgram"]),
                program(endpoint["egressProgram"]), endpoint["ready"]?.bool == true ? "yes" : "no",
            ])
        }
        if !table.rows.isEmpty { console.write(table.text()) }
        for (interface, place) in status["untracked"]?.object?.members ?? [] {
            console.writeLine("doNotTrack policy on \(interface): \(place.string ?? "")")
        }
        for (endpoint, why) in status["waiting"]?.object?.members ?? [] {
            console.writeLine("waiting: \(endpoint): \(why.string ?? "")")
        }
    }

    /// As bpftool prints ids of programs in keys.
    private func program(_ value: JSONValue?) -> String {
        value?.int.map { String($0) } ?? ""
    }
}
