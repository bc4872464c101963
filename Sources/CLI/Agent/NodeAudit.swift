internal import ArgumentParser
internal import JSON

/// The command `caracalctl node audit`.
struct NodeAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Compares this node's BPF maps with what they should hold.",
        discussion: """
            The agent does the same all the time, a little every second; here all of it is done now. \
            What differs is repaired, and connections that were judged by it are judged anew, unless \
            --dry-run is given. Exit status 1 when something differed.
            """
    )

    @OptionGroup var agent: AgentOption
    @Flag(help: "Only tell what differs.")
    var dryRun = false
    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    func run() async throws {
        let report = try agent.ask("audit", ["repair": .bool(!dryRun)], timeout: .seconds(120))
        let findings = report["findings"]?.array ?? []
        if output == .json {
            Console.current.writeLine(report.text(indentation: 2))
        } else {
            write(findings, maps: report["maps"]?.array?.count ?? 0)
        }
        if !findings.isEmpty { throw ExitCode.failure }
    }

    private func write(_ findings: [JSONValue], maps: Int) {
        let console = Console.current
        guard !findings.isEmpty else {
            console.writeLine("\(maps) maps hold what they should")
            return
        }
        var table = TextTable(["MAP", "ENTRY", "FOUND", "EXPECTED"])
        for finding in findings {
            table.rows.append([
                finding["map"]?.string ?? "", finding["entry"]?.string ?? "",
                finding["found"]?.string ?? "(missing)",
                finding["expected"]?.string ?? "(nothing)",
            ])
        }
        console.write(table.text())
        let count = findings.count == 1 ? "1 entry differs" : "\(findings.count) entries differ"
        console.writeLine(dryRun ? "\(count); nothing was repaired" : "\(count), now repaired")
    }
}
