internal import ArgumentParser
internal import JSON
internal import Model

/// The command `caracalctl policy explain`.
struct PolicyExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows an endpoint's rules in the order in which they are judged.",
        discussion: """
            ENDPOINT is namespace/pod, the name of a host endpoint, or an address, of a node whose \
            agent is named by --socket. Beside each rule stands what it decided on that node, for all \
            endpoints under it. The first rule that matches decides, unless it says Log or Pass. A \
            host endpoint's rules are shown stage by stage; failsafe ports pass whatever they say.
            """
    )

    @Argument(help: "The endpoint.")
    var endpoint: String

    @Option(help: "ingress or egress; else both.")
    var direction: String?

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    @OptionGroup var agents: AgentsOption

    func run() async throws {
        var body: JSONValue = ["endpoint": .string(endpoint)]
        if let direction {
            let known = Direction.allCases.first {
                $0.rawValue.lowercased() == direction.lowercased()
            }
            guard let known else {
                throw CommandFailure("Error: '\(direction)' is neither ingress nor egress", .usage)
            }
            body["direction"] = .string(known.rawValue)
        }
        let answers = try agents.ask("explain", body)
        let known = answers.filter { $0["endpoints"]?.array?.isEmpty == false }
        guard !known.isEmpty else {
            let nodes = answers.compactMap { $0["node"]?.string }.joined(separator: ", ")
            throw CommandFailure("Error: '\(endpoint)' is no endpoint of \(nodes)", .notFound)
        }
        switch output {
        case .text: Console.current.write(known.map(Self.text).joined(separator: "\n"))
        case .json:
            Console.current.writeLine(JSONValue.array(known).text(indentation: 2))
        }
    }

    private static func text(_ answer: JSONValue) -> String {
        let node = answer["node"]?.string ?? ""
        return (answer["endpoints"]?.array ?? []).map { endpoint in
            let addresses = (endpoint["addresses"]?.array ?? []).compactMap(\.string)
            let name = endpoint["endpoint"]?.string ?? ""
            let sides = (endpoint["sides"]?.array ?? []).map(sideText).joined()
            return "\(name) on \(node) (\(addresses.joined(separator: ", ")))\n\(sides)"
        }.joined(separator: "\n")
    }

    private static func sideText(_ side: JSONValue) -> String {
        let programs = (side["programs"]?.array ?? []).map { program in
            let size = ProgramText(program).size
            return "program \(program["id"]?.int ?? 0)"
                + (size.isEmpty ? "" : " (\(program["form"]?.string ?? ""), \(size))")
        }
        let live = programs.isEmpty ? "not live" : programs.joined(separator: ", ")
        let sections = (side["sections"]?.array ?? []).map(sectionText).joined()
        let stage = side["stage"]?.string.map { ", \(stages[$0] ?? $0)" } ?? ""
        return "\n\(side["direction"]?.string ?? "")\(stage): \(live)\n\(sections)\(rest(side))"
    }

    /// What the stages of a host endpoint judge, in the order in which they are asked.
    private static let stages = [
        "untrackedIngress": "doNotTrack", "untrackedEgress": "doNotTrack",
        "preDNAT": "preDNAT", "ingress": "to the node itself", "egress": "from the node itself",
        "forwardIngress": "what passes through (applyOnForward)",
        "forwardEgress": "what passes through (applyOnForward)",
    ]

    /// What becomes of the rest, where no section says so.
    private static func rest(_ side: JSONValue) -> String {
        switch side["rest"]?.string {
        case "Allow": "  otherwise: Allow\n"
        case "NextStage": "  otherwise: the next stage is asked\n"
        default: ""
        }
    }

    private static func sectionText(_ section: JSONValue) -> String {
        let tier = section["tier"]?.string
        var lines = ["  " + (tier.map { "tier \($0)" } ?? "profiles") + order(of: section)]
        for part in section["parts"]?.array ?? [] {
            let namespace = part["namespace"]?.string.map { $0 + "/" } ?? ""
            let name = "\(part["kind"]?.string ?? "") \(namespace)\(part["name"]?.string ?? "")"
            let exists = part["exists"]?.bool != false
            let staged = part["staged"]?.bool == true ? ": staged, not enforced" : ""
            let remark = exists ? staged : ": does not exist, denies"
            lines.append("    \(name)\(order(of: part))\(remark)")
            for rule in part["rules"]?.array ?? [] {
                let text = "      \(rule["index"]?.int ?? 0)  \(rule["text"]?.string ?? "")"
                lines.append(text + count(rule))
            }
        }
        if let end = section["end"] {
            let text = tier == nil ? "otherwise" : "at its end"
            lines.append("    \(text): Deny" + count(end))
        } else if tier != nil {
            lines.append("    at its end: Pass")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func order(of object: JSONValue) -> String {
        object["order"]?.double.map { " (order \(number($0)))" } ?? ""
    }

    /// Figures where there are any that mean something.
    private static func count(_ rule: JSONValue) -> String {
        guard let tally = RuleTally(rule["count"]) else { return "" }
        let packets = "\(tally.packets) packets, \(tally.bytes) bytes"
        let isAllow = rule["action"]?.string == "Allow"
        return "  [\(isAllow ? "\(tally.connections) connections, " : "")\(packets)]"
    }
}
