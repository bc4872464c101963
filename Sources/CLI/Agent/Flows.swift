internal import ArgumentParser
internal import JSON

/// The command `caracalctl flows`.
struct Flows: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flows",
        abstract:
            "Shows the flows that this node has seen, what policy said and what staged would.",
        discussion: """
            Connections of one source, destination, protocol and port are one flow; denied ones are \
            there too. The agent remembers 65,536, the oldest go first. PENDING is the verdict there \
            would be were staged policies enforced, empty where nothing is staged.
            """
    )

    @OptionGroup var agent: AgentOption
    @Option(help: "Only flows that were seen in the last so many seconds.")
    var seconds: Int64 = 3600
    @Flag(help: "Only flows of which staged policies would say something else.")
    var pending = false
    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    func run() async throws {
        let answer = try agent.ask("flows", ["seconds": .int(seconds)], timeout: .seconds(30))
        let flows = (answer["flows"]?.array ?? []).filter { !pending || Self.differs($0) }
        guard output == .text else {
            Console.current.writeLine(JSONValue.array(flows).text(indentation: 2))
            return
        }
        guard !flows.isEmpty else {
            Console.current.writeLine("no flow was seen")
            return
        }
        var table = TextTable([
            "SOURCE", "DESTINATION", "PORT", "SEEN", "VERDICT", "BY", "PENDING", "BY",
        ])
        for flow in flows { table.rows.append(Self.row(flow)) }
        Console.current.write(table.text())
    }

    private static func differs(_ flow: JSONValue) -> Bool {
        flow["pending"].map { $0 != flow["verdict"] } ?? false
    }

    private static func row(_ flow: JSONValue) -> [String] {
        let named = flow["protocol"]?.string ?? ""
        let port =
            flow["destinationPort"]?.int.map { "\($0)/\(named)" }
            ?? flow["icmpType"]?.int.map { "\(named) type \($0)" } ?? named
        let age = flow["age"]?.double.map { "\(Int($0))s ago" } ?? ""
        func rules(_ name: String) -> String {
            ["egress", "ingress"].compactMap { flow[$0]?[name]?.string }.joined(separator: "; ")
        }
        return [
            flow["source"]?.string ?? "", flow["destination"]?.string ?? "", port, age,
            flow["verdict"]?.string ?? "", rules("rule"), flow["pending"]?.string ?? "",
            flow["pending"] == nil ? "" : rules("pendingRule"),
        ]
    }
}
