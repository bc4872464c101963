internal import ArgumentParser
internal import JSON

/// The command `caracalctl drops`.
struct Drops: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drops",
        abstract: "Shows how many packets this node dropped, by reason."
    )

    enum Format: String, ExpressibleByArgument {
        case text
        case json
    }

    @OptionGroup var agent: AgentOption
    @Option(name: .shortAndLong, help: "text or json.")
    var output = Format.text

    func run() async throws {
        let drops = try agent.ask("drops")
        guard output == .text else {
            Console.current.writeLine(drops.text(indentation: 2))
            return
        }
        var table = TextTable(["PACKETS", "REASON", "EXPLANATION"])
        for drop in drops.array ?? [] {
            table.rows.append([
                drop["packets"]?.int.map { String($0) } ?? "", drop["reason"]?.string ?? "",
                drop["explanation"]?.string ?? "",
            ])
        }
        guard !table.rows.isEmpty else {
            Console.current.writeLine("no packet was dropped")
            return
        }
        Console.current.write(table.text())
    }
}
