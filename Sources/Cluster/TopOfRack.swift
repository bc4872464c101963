import Foundation

/// The router at the top of the rack: BIRD in the fabric's namespace, in an AS of its own.
///
///     external 203.0.113.7/32 (on lo) ─ announced to the nodes
///     ┌──────────────┴──────────────┐
///     │ BIRD, AS 65001, 172.30.0.1  │  what the nodes announce goes into its kernel's table
///     └──┬───────────┬───────────┬──┘
///      node1       node2       node3     AS 64512, each peers with it by a BGPPeer
package struct TopOfRack: Sendable {
    package static let asNumber = 65001

    let paths: ClusterPaths
    let hasIPv6: Bool

    private var configurationPath: String { "\(paths.folder)/bird.conf" }
    private var socket: String { "\(paths.folder)/bird.sock" }

    /// Starts BIRD.
    func start() throws -> Int32 {
        guard try Command.result(["sh", "-c", "command -v bird birdc"]).status == 0 else {
            throw ClusterError(
                "routes by BGP need BIRD: scripts/bootstrap installs it; or use --routing direct"
            )
        }
        return try Command.start(
            inFabric(
                ["bird", "-f", "-c", configurationPath, "-s", socket]
            ),
            environment: [:],
            log: paths.log("top-of-rack")
        )
    }

    func write(_ nodes: [ClusterState.Node]) throws {
        try configuration(nodes)
            .write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    /// Asks BIRD, such as `show route`; its answer as a person would see it.
    package func ask(_ command: String) throws -> String {
        let words = command.split(separator: " ").map(String.init)
        let output = try Command.run(["birdc", "-r", "-s", socket] + words)
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        // The first says hello, the second that it may only look.
        return lines.drop { $0.hasPrefix("BIRD ") || $0 == "Access restricted" }
            .joined(separator: "\n")
    }

    /// The prefixes that it has learnt, each with the addresses that it goes to by the best path.
    package func routes() throws -> [String: Set<String>] {
        var routes: [String: Set<String>] = [:]
        var prefix: String?
        for line in try ask("show route primary").split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            if let first = words.first, first.contains("/"), !line.hasPrefix("\t") {
                prefix = first
            }
            guard let prefix, let via = words.firstIndex(of: "via"), via + 1 < words.count
            else { continue }
            routes[prefix, default: []].insert(words[via + 1])
        }
        return routes
    }

    /// Sessions by their names in the configuration, with the state that BGP is in.
    package func sessions() throws -> [(name: String, state: String)] {
        try ask("show protocols").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 5, words[1] == "BGP" else { return nil }
            return (words[0], words.count > 5 ? words[5] : words[3])
        }
    }

    private func inFabric(_ command: [String]) -> [String] {
        ["nsenter", "--net=\(ClusterPaths.netns(paths.fabric))"] + command
    }

    private func configuration(_ nodes: [ClusterState.Node]) -> String {
        var text = """
            log stderr { warning, error, fatal, bug };
            router id \(Addressing.fabric4);
            protocol device {}
            protocol direct { ipv4; ipv6; interface "lo"; }
            protocol kernel { persist; ipv4 { export where source = RTS_BGP; }; }
            protocol kernel { persist; ipv6 { export where source = RTS_BGP; }; }
            template bgp node {
              graceful restart on;
              connect delay time 1; connect retry time 1; error wait time 1, 2;

            """
        text += "}\n"
        for node in nodes {
            text += session(
                node.name,
                "ipv4",
                Addressing.fabric4,
                Addressing.node4(node.index)
            )
            guard hasIPv6 else { continue }
            text += session(
                "\(node.name)_v6",
                "ipv6",
                Addressing.fabric6,
                Addressing.node6(node.index)
            )
        }
        return text
    }

    private func session(
        _ name: String,
        _ family: String,
        _ own: String,
        _ neighbour: String
    ) -> String {
        """
        protocol bgp \(name) from node {
          local \(own) as \(Self.asNumber);
          neighbor \(neighbour) as 64512;
          \(family) { import all; export where source = RTS_DEVICE; };
        }

        """
    }
}
