internal import ArgumentParser
internal import JSON

/// The command `caracalctl drops`.
struct Drops: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drops",
        abstract: "Shows packets that were dropped: how many, the last ones, and why.",
        discussion: """
            The answer is that of the agents named by --socket. Every drop is counted; of a flood the \
            programs tell a hundred a second and CPU, and how many more there were. An agent keeps \
            the last two thousand. With --follow new drops are shown as they come.
            """
    )

    enum Format: String, ExpressibleByArgument {
        case text
        case json
    }

    @OptionGroup var agents: AgentsOption
    @Flag(name: .shortAndLong, help: "Shows new drops as they come.")
    var follow = false
    @Option(help: "How many of the last drops to show; with --follow, after how many to end.")
    var count: Int?
    @Option(help: "Only drops of this pod, namespace/name, at either end.")
    var pod: String?
    @Option(name: .shortAndLong, help: "Only drops of pods in this namespace, at either end.")
    var namespace: String?
    @Option(help: "Only drops for this reason, as in the table's column REASON.")
    var reason: String?
    @Option(name: .shortAndLong, help: "text or json; with --follow json is a line a drop.")
    var output = Format.text

    func run() async throws {
        follow ? try await showNew() : try showLast()
    }

    func validate() throws {
        if let count, count < 0 { throw ValidationError("--count cannot be negative") }
    }

    private var filter: DropFilter {
        DropFilter(pod: pod, namespace: namespace, reason: reason)
    }

    // MARK: The last ones

    private func showLast() throws {
        var answers = try agents.ask("drops", ["limit": 2000])
        for index in answers.indices {
            let drops = (answers[index]["drops"]?.array ?? []).filter(filter.includes)
            answers[index]["drops"] = .array(Array(drops.suffix(count ?? 20)))
        }
        guard output == .text else {
            let json: JSONValue = answers.count == 1 ? answers[0] : .array(answers)
            return Console.current.writeLine(json.text(indentation: 2))
        }
        writeCounters(answers)
        let drops = answers.flatMap { $0["drops"]?.array ?? [] }.sorted {
            $0["time"]?.string ?? "" < $1["time"]?.string ?? ""
        }
        if !drops.isEmpty { Console.current.writeLine("") }
        for drop in drops.suffix(count ?? 20) { Console.current.writeLine(DropText(drop).line) }
        for answer in answers {
            let untold = (answer["heldBack"]?.int ?? 0) + (answer["lost"]?.int ?? 0)
            if untold > 0 {
                let node = answer["node"]?.string ?? ""
                Console.current.writeLine("\(node): \(untold) more were counted, but not told")
            }
        }
    }

    private func writeCounters(_ answers: [JSONValue]) {
        var table = TextTable(["NODE", "PACKETS", "REASON", "EXPLANATION"])
        for answer in answers {
            for counter in answer["counters"]?.array ?? []
            where reason == nil || counter["reason"]?.string == reason {
                table.rows.append([
                    answer["node"]?.string ?? "", "\(counter["packets"]?.int ?? 0)",
                    counter["reason"]?.string ?? "", counter["explanation"]?.string ?? "",
                ])
            }
        }
        guard !table.rows.isEmpty else {
            return Console.current.writeLine("no packet was dropped")
        }
        Console.current.write(table.text())
    }

    // MARK: New ones

    private static let interval = Duration.milliseconds(250)

    private func showNew() async throws {
        var followers = try agents.agents.map { try DropFollower($0) }
        var shown = 0
        while true {
            for index in followers.indices {
                for news in followers[index].news() {
                    switch news {
                    case .drop(let drop):
                        guard filter.includes(drop) else { continue }
                        write(drop)
                        shown += 1
                        if shown == count { return }
                    case .remark(let text): Console.current.complainLine(text)
                    }
                }
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    private func write(_ drop: JSONValue) {
        Console.current.writeLine(output == .text ? DropText(drop).line : drop.text())
    }
}

/// Which drops somebody wants to see.
struct DropFilter: Sendable {
    let pod: String?
    let namespace: String?
    let reason: String?

    func includes(_ drop: JSONValue) -> Bool {
        let names = ["source", "destination"].compactMap { drop[$0]?["name"]?.string }
        if let pod, !names.contains(pod) { return false }
        if let namespace, !names.contains(where: { $0.hasPrefix(namespace + "/") }) { return false }
        return reason == nil || drop["reason"]?.string == reason
    }
}

/// One agent that is asked again and again for what is new.
struct DropFollower {
    enum News {
        case drop(JSONValue)
        /// Something to tell beside the drops.
        case remark(String)
    }

    private let agent: AgentOption
    private var last: Int64
    private var untold: Int64
    private var isAway = false

    /// Begins with what comes after now.
    init(_ agent: AgentOption) throws {
        self.agent = agent
        let answer = try agent.ask("drops", ["limit": 0])
        last = answer["last"]?.int ?? 0
        untold = Self.untold(answer)
    }

    private static func untold(_ answer: JSONValue) -> Int64 {
        (answer["heldBack"]?.int ?? 0) + (answer["lost"]?.int ?? 0)
    }

    /// An agent that is away may come back: its programs go on counting meanwhile.
    mutating func news() -> [News] {
        let answer: JSONValue
        do {
            answer = try agent.ask("drops", ["after": .int(last), "limit": 2000])
        } catch {
            defer { isAway = true }
            let lines = (error as? CommandFailure)?.lines ?? ["\(error)"]
            return isAway ? [] : [.remark(lines.joined(separator: " ") + "; trying again")]
        }
        isAway = false
        last = answer["last"]?.int ?? last
        var news: [News] = (answer["drops"]?.array ?? []).map { .drop($0) }
        let now = Self.untold(answer)
        let more = max(0, now - untold) + (answer["missed"]?.int ?? 0)
        untold = now
        if more > 0 {
            let node = answer["node"]?.string ?? ""
            news.append(.remark("\(node): \(more) more drops were counted, but not told"))
        }
        return news
    }
}

/// A drop in words.
struct DropText {
    private let drop: JSONValue

    init(_ drop: JSONValue) {
        self.drop = drop
    }

    /// When, where, who to whom, and why.
    var line: String {
        var what = drop["protocol"]?.string ?? ""
        if let icmp = drop["icmp"] {
            what += " type \(icmp["type"]?.int ?? 0) code \(icmp["code"]?.int ?? 0)"
        }
        return "\(drop["time"]?.string ?? "") \(drop["node"]?.string ?? "") \(what) "
            + "\(end("source")) > \(end("destination")): \(why)\(staged)"
    }

    /// What staged policies would have made of it, where that is something else.
    private var staged: String {
        guard let staged = drop["staged"], staged["allowed"]?.bool == true else { return "" }
        let rule = staged["rule"]?["text"]?.string ?? "no rule"
        return "; staged policies would allow it by \(rule)"
    }

    private func end(_ name: String) -> String {
        guard let end = drop[name] else { return "" }
        let address = end["address"]?.string ?? ""
        let place =
            end["port"]?.int.map { port in
                address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
            } ?? address
        return end["name"]?.string.map { "\($0) (\(place))" } ?? place
    }

    private var why: String {
        guard let rule = drop["rule"] else { return drop["explanation"]?.string ?? "" }
        let direction = drop["direction"]?.string?.lowercased() ?? ""
        let text = rule["text"]?.string ?? ""
        let policies = (drop["policies"]?.array ?? []).compactMap(\.string)
        switch rule["kind"]?.string {
        case "EndOfTier":
            guard !policies.isEmpty else { return "\(direction) denied at the \(text)" }
            let names = policies.joined(separator: ", ")
            return "\(direction) denied at the \(text): no rule of \(names) matches"
        case "NoMatch": return "\(direction) denied: \(text)"
        default:
            let tier = rule["tier"]?.string.map { " (tier \($0))" } ?? ""
            return "\(direction) denied by \(text)\(tier)"
        }
    }
}
