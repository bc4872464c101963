internal import ArgumentParser
internal import JSON

/// The command `caracalctl bgp routes`.
struct BGPRoutes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes",
        abstract: "Shows the best routes, learnt and own, and where they go."
    )

    @OptionGroup var speaker: SpeakerOption
    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    func run() async throws {
        let answer = try speaker.ask("routes")
        guard output == .text else {
            Console.current.writeLine(answer.text(indentation: 2))
            return
        }
        let routes = answer["routes"]?.array ?? []
        guard !routes.isEmpty else {
            Console.current.writeLine("no routes")
            return
        }
        Console.current.write(BGPPaths.table(routes).text())
    }
}

/// The command `caracalctl bgp route`.
struct BGPRoute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route",
        abstract: "Shows every path to a prefix that the peers offer."
    )

    @OptionGroup var speaker: SpeakerOption
    @Argument(help: "Such as 10.65.0.0/26 or 10.65.0.7; of an address, the longest prefix.")
    var prefix: String
    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    func run() async throws {
        let answer = try speaker.ask("route", ["prefix": .string(prefix)])
        guard output == .text else {
            Console.current.writeLine(answer.text(indentation: 2))
            return
        }
        let paths = answer["paths"]?.array ?? []
        guard !paths.isEmpty else { throw CommandFailure("Error: no route to \(prefix)", .failure) }
        Console.current.write(BGPPaths.table(paths).text())
    }
}

/// The command `caracalctl bgp explain`.
struct BGPExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says why one path to a prefix was taken before the others.",
        discussion: """
            Paths are listed from the best on; each says at which step of the decision (RFC 4271 \
            §9.1) it lost against the one above it.
            """
    )

    @OptionGroup var speaker: SpeakerOption
    @Argument(help: "Such as 10.65.0.0/26 or 10.65.0.7; of an address, the longest prefix.")
    var prefix: String
    @Option(name: .shortAndLong, help: "text or json.")
    var output = Drops.Format.text

    func run() async throws {
        let answer = try speaker.ask("explain", ["prefix": .string(prefix)])
        guard output == .text else {
            Console.current.writeLine(answer.text(indentation: 2))
            return
        }
        let paths = answer["paths"]?.array ?? []
        guard !paths.isEmpty else { throw CommandFailure("Error: no route to \(prefix)", .failure) }
        let console = Console.current
        for (index, path) in paths.enumerated() {
            console.writeLine("\(index + 1). \(BGPPaths.line(path))")
            if let why = path["why"]?.string { console.writeLine("   \(why)") }
        }
    }
}

/// Paths as the speaker gives them.
enum BGPPaths {
    static func table(_ paths: [JSONValue]) -> TextTable {
        var table = TextTable(["DESTINATION", "NEXT HOP", "FROM", "AS PATH", "METRIC", "KERNEL"])
        for path in paths {
            table.rows.append([
                path["prefix"]?.string ?? "",
                texts(path["nextHops"], ", "),
                path["from"]?.string ?? "",
                asPath(path),
                path["metric"]?.int.map { String($0) } ?? "",
                path["kernel"]?.string ?? "",
            ])
        }
        return table
    }

    static func line(_ path: JSONValue) -> String {
        var parts = [path["prefix"]?.string ?? ""]
        if let from = path["from"]?.string { parts.append("from \(from)") }
        let hops = texts(path["nextHops"], ", ")
        if !hops.isEmpty { parts.append("via \(hops)") }
        if let preference = path["localPreference"]?.int {
            parts.append("preference \(preference)")
        }
        let numbers = asPath(path)
        if !numbers.isEmpty { parts.append("path \(numbers)") }
        let communities = texts(path["communities"], " ")
        if !communities.isEmpty { parts.append("communities \(communities)") }
        return parts.joined(separator: ", ")
    }

    private static func asPath(_ path: JSONValue) -> String {
        (path["asPath"]?.array ?? []).compactMap { $0.int.map { String($0) } ?? $0.string }
            .joined(separator: " ")
    }

    private static func texts(_ value: JSONValue?, _ separator: String) -> String {
        (value?.array ?? []).compactMap(\.string).joined(separator: separator)
    }
}
