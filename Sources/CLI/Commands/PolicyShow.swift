internal import ArgumentParser
internal import JSON
internal import Model

/// The command `caracalctl policy show`.
struct PolicyShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows a policy's rules, what each decided, and the endpoints under it.",
        discussion: """
            The answer is that of the agents named by --socket, added up: connections that a rule let \
            begin, packets and bytes of its connections in both directions, or those that it denied or \
            logged. Pass rules are not counted. A rule without figures stands in no table of these \
            nodes: no endpoint is under it, or rules before it leave nothing to it. A rule is known by \
            its policy and its place there, and loses its figures with it.
            """
    )

    @Argument(help: "The policy's name.")
    var name: String

    @Option(name: .shortAndLong, help: "The policy's namespace.")
    var namespace = "default"

    @Option(help: "Its kind, where several have one of that name.")
    var kind: String?

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    @OptionGroup var agents: AgentsOption

    func run() async throws {
        var body: JSONValue = ["name": .string(name), "namespace": .string(namespace)]
        body["kind"] = try kindName.map { .string($0) }
        let answers = try agents.ask("policy", body)
        let policies = ShownPolicy.merged(answers)
        guard !policies.isEmpty else { throw notFound(answers) }
        switch output {
        case .text:
            Console.current.write(policies.map(\.text).joined(separator: "\n"))
        case .json:
            Console.current.writeLine(
                JSONValue.array(policies.map(\.json)).text(indentation: 2)
            )
        }
    }

    private var kindName: String? {
        get throws {
            guard let kind else { return nil }
            let known = PolicyKind.allCases.first {
                $0.rawValue.lowercased() == kind.lowercased()
            }
            guard let known else {
                let all = PolicyKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure("Error: '\(kind)' is none of \(all)", .usage)
            }
            return known.rawValue
        }
    }

    private func notFound(_ answers: [JSONValue]) -> CommandFailure {
        let others = answers.flatMap { $0["others"]?.array ?? [] }.compactMap(\.string)
        let hint = Set(others).sorted().joined(separator: ", ")
        return CommandFailure(
            "Error: no policy in force is called '\(name)' in namespace \(namespace) or has none"
                + (hint.isEmpty ? "" : "; there is \(hint)"),
            .notFound
        )
    }
}

/// A policy as several agents know it.
private struct ShownPolicy {
    /// A rule's direction and place.
    struct Place: Hashable {
        let direction: String
        let index: Int64
    }

    /// As the first agent has it.
    let policy: JSONValue
    var tallies: [Place: RuleTally] = [:]
    /// With the node's name.
    var endpoints: [JSONValue] = []

    static func merged(_ answers: [JSONValue]) -> [ShownPolicy] {
        var order: [String] = []
        var policies: [String: ShownPolicy] = [:]
        for answer in answers {
            for policy in answer["policies"]?.array ?? [] {
                let title = title(of: policy)
                if policies[title] == nil { order.append(title) }
                policies[title, default: ShownPolicy(policy: policy)].add(policy, answer["node"])
            }
        }
        return order.compactMap { policies[$0] }
    }

    private static func title(of policy: JSONValue) -> String {
        let namespace = policy["namespace"]?.string.map { $0 + "/" } ?? ""
        return "\(policy["kind"]?.string ?? "") \(namespace)\(policy["name"]?.string ?? "")"
    }

    private mutating func add(_ policy: JSONValue, _ node: JSONValue?) {
        for (place, rule) in Self.rules(of: policy) {
            tallies[place] = sum(tallies[place], RuleTally(rule["count"]))
        }
        for endpoint in policy["endpoints"]?.array ?? [] {
            var endpoint = endpoint
            endpoint["node"] = node
            endpoints.append(endpoint)
        }
    }

    private static func rules(of policy: JSONValue) -> [(Place, JSONValue)] {
        (policy["sides"]?.array ?? []).flatMap { side in
            (side["rules"]?.array ?? []).map { rule in
                let place = Place(
                    direction: side["direction"]?.string ?? "",
                    index: rule["index"]?.int ?? 0
                )
                return (place, rule)
            }
        }
    }

    var text: String {
        let order = policy["order"]?.double.map { ", order \(number($0))" } ?? ""
        var text = "\(Self.title(of: policy))\n"
        text += "tier \(policy["tier"]?.string ?? "")\(order), selects \(selector)\n\n"
        var rules = TextTable(["RULE", "CONNECTIONS", "PACKETS", "BYTES", "WHAT"])
        for (place, rule) in Self.rules(of: policy) {
            let tally = tallies[place]
            rules.rows.append([
                "\(place.direction.lowercased()) \(place.index)",
                tally.map { "\($0.connections)" } ?? "-", tally.map { "\($0.packets)" } ?? "-",
                tally.map { "\($0.bytes)" } ?? "-", rule["text"]?.string ?? "",
            ])
        }
        text += rules.rows.isEmpty ? "It has no rules.\n" : rules.text()
        return text + "\n" + endpointText
    }

    private var selector: String { policy["selector"]?.string ?? "" }

    private var endpointText: String {
        guard !endpoints.isEmpty else { return "No endpoint of these nodes is under it.\n" }
        var table = TextTable(["ENDPOINT", "NODE", "DIRECTION", "PROGRAM", "FORM", "SIZE"])
        for endpoint in endpoints {
            let name = endpoint["endpoint"]?.string ?? ""
            let node = endpoint["node"]?.string ?? ""
            let direction = endpoint["direction"]?.string ?? ""
            let programs = endpoint["programs"]?.array ?? []
            if programs.isEmpty { table.rows.append([name, node, direction, "", "not live", ""]) }
            for program in programs {
                table.rows.append([
                    name, node, direction, "\(program["id"]?.int ?? 0)",
                    program["form"]?.string ?? "", ProgramText(program).size,
                ])
            }
        }
        return table.text()
    }

    var json: JSONValue {
        var json = policy
        json["sides"] = .array(
            (policy["sides"]?.array ?? []).map { side in
                var side = side
                let direction = side["direction"]?.string ?? ""
                side["rules"] = .array(
                    (side["rules"]?.array ?? []).map { rule in
                        var rule = rule
                        let place = Place(direction: direction, index: rule["index"]?.int ?? 0)
                        rule["count"] = tallies[place]?.json ?? .null
                        return rule
                    }
                )
                return side
            }
        )
        json["endpoints"] = .array(endpoints)
        return json
    }
}

/// How big a policy program is, in words.
struct ProgramText {
    private let program: JSONValue

    init(_ program: JSONValue) {
        self.program = program
    }

    /// Against what a table may have; a program beyond that is in bitmap form.
    var size: String {
        switch program["form"]?.string {
        case "table":
            "\(program["verdicts"]?.int ?? 0) of \(program["verdictLimit"]?.int ?? 0) verdicts"
        case "bitmap":
            "\(program["clauses"]?.int ?? 0) clauses, \(program["bitmaps"]?.int ?? 0) bitmaps"
        default: ""
        }
    }
}

/// Orders are whole numbers mostly.
func number(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
}
