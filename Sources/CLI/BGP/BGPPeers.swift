internal import ArgumentParser
internal import JSON

/// The command `caracalctl bgp peers`.
struct BGPPeers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "Shows the sessions of this node's speaker and the routes exchanged over them.",
        discussion: """
            RECEIVED, ACCEPTED and ADVERTISED count routes of both families: as the peer sent them, \
            after filters, and as we send them. What resources ask for and cannot be done follows.
            """
    )

    @OptionGroup var speaker: SpeakerOption
    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    func run() async throws {
        let answer = try speaker.ask("peers")
        guard output == .text else {
            Console.current.writeLine(answer.text(indentation: 2))
            return
        }
        Console.current.write(Self.text(answer))
    }

    /// The answer for people.
    static func text(_ answer: JSONValue) -> String {
        let node = answer["node"]?.string ?? ""
        let number = answer["localAS"]?.int ?? 0
        let router = answer["routerID"]?.string ?? ""
        var text = "\(node): AS \(number), router id \(router)\n"
        let peers = answer["peers"]?.array ?? []
        if peers.isEmpty {
            text += "no peers\n"
        } else {
            text += table(peers).text()
        }
        for problem in answer["problems"]?.array ?? [] {
            text += "problem: \(problem.string ?? "")\n"
        }
        let kernel = answer["kernel"] ?? [:]
        let counts = ["installed", "refused", "unreachable"]
            .map { "\(kernel[$0]?.int ?? 0) \($0)" }
        return text + "routes in the kernel: \(counts.joined(separator: ", "))\n"
    }

    private static func table(_ peers: [JSONValue]) -> TextTable {
        var table = TextTable([
            "PEER", "AS", "KIND", "STATE", "SINCE", "RECEIVED", "ACCEPTED", "ADVERTISED", "REASON",
        ])
        for peer in peers {
            let port = peer["port"]?.int ?? 179
            let address = peer["address"]?.string ?? ""
            func count(_ name: String) -> String {
                String(["ipv4", "ipv6"].reduce(0) { $0 + (peer[$1]?[name]?.int ?? 0) })
            }
            table.rows.append([
                port == 179 ? address : "\(address) port \(port)",
                "\(peer["asNumber"]?.int ?? 0)",
                peer["resource"]?.string.map { "\(peer["kind"]?.string ?? "") (\($0))" }
                    ?? peer["kind"]?.string ?? "",
                peer["state"]?.string ?? "",
                age(peer["seconds"]?.int ?? 0),
                count("received"), count("accepted"), count("advertised"),
                peer["reason"]?.string ?? "",
            ])
        }
        return table
    }

    /// A time in the two greatest units that it has.
    static func age(_ seconds: Int64) -> String {
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"),
            (seconds % 60, "s"),
        ]
        let shown = parts.drop { $0.0 == 0 }.prefix(2).map { "\($0.0)\($0.1)" }
        return shown.isEmpty ? "0s" : shown.joined()
    }
}
