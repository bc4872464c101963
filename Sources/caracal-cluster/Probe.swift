import ArgumentParser
import Cluster
import Foundation
import Model

struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find out with real packets who reaches whom.",
        discussion: """
            Every pod asks every other on each port; servers are opened where none runs. In the table a
            row is a source and a column a destination: '.' reached, 'X' not.
            """
    )
    @OptionGroup var cluster: Name
    @Option(name: .customLong("port"), help: "80/TCP, 53/UDP, 9/SCTP or icmp; may be repeated.")
    var ports: [String] = ["80/TCP"]
    @Option(name: .customLong("pod"), help: "Only these pods; may be repeated.")
    var pods: [String] = []
    @Flag(help: "The host beyond the fabric takes part too.")
    var external = false
    @Flag(name: .customLong("ipv6"), help: "Over IPv6.")
    var ipv6 = false
    @Flag(help: "Print JSON.")
    var json = false
    @Option(
        help:
            "The tables that must come out, rows joined by commas, ports by semicolons; else exit 1."
    )
    var expect: String?

    func run() async throws {
        let cluster = try Cluster(opening: cluster.name)
        for pod in pods { _ = try cluster.pod(pod) }
        let endpoints = cluster.probeEndpoints(external: external)
            .filter { pods.isEmpty || $0.name == "external" || pods.contains($0.name) }
        let tables = try Prober(endpoints: endpoints)
            .probe(ports.map(probePort), ipv6 ? .v6 : .v4)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(tables), as: UTF8.self))
        } else {
            print(tables.map(\.text).joined(separator: "\n\n"))
        }
        if let expect { try check(tables, expect) }
    }

    private func check(_ tables: [TruthTable], _ expectation: String) throws {
        let expected = expectation.split(separator: ";").map {
            $0.split(separator: ",").map(String.init)
        }
        guard expected != tables.map(\.rows) else { return }
        let (want, got) = (expected, tables.map(\.rows))
        throw ClusterError("the truth table is not as expected: wanted \(want), got \(got)")
    }
}

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Nodes, agents, BGP sessions and pods."
    )
    @OptionGroup var cluster: Name

    func run() async throws {
        let cluster = try Cluster(opening: cluster.name)
        for node in cluster.state.nodes {
            let isUp = node.agent.map(Cluster.isAgent) ?? false
            let failure = isUp ? try cluster.plugin(node.name).status() : "not running"
            let agent = node.agent.map { "agent \($0)" } ?? "no agent"
            print("\(node.name)  \(Addressing.node4(node.index))  \(agent)  \(failure ?? "ready")")
            print("  log \(cluster.paths.log(node.name)), maps \(cluster.paths.bpfRoot(node.name))")
            if cluster.state.routing == .bgp { print("  " + speaker(of: node, cluster)) }
        }
        if cluster.state.routing == .bgp { print(topOfRack(cluster)) }
        for pod in cluster.state.pods {
            print("\(pod.id)  \(pod.addresses.joined(separator: ", "))  \(pod.node)")
        }
    }

    private func speaker(of node: ClusterState.Node, _ cluster: Cluster) -> String {
        guard let pid = node.speaker, Cluster.isAgent(pid),
            let sessions = try? cluster.sessions(node.name)
        else { return "no speaker" }
        let down = sessions.filter { $0.state != "Established" }
            .map { ", \($0.peer) \($0.state)" }.joined()
        let up = sessions.count { $0.state == "Established" }
        let socket = cluster.paths.speakerSocket(node.name)
        return "speaker \(pid), \(up) of \(sessions.count) sessions up\(down); socket \(socket)"
    }

    private func topOfRack(_ cluster: Cluster) -> String {
        guard let sessions = try? cluster.topOfRack.sessions() else {
            return "top of rack  not running"
        }
        let states = sessions.map { "\($0.name) \($0.state)" }.joined(separator: ", ")
        return "top of rack  \(Addressing.fabric4)  BIRD, AS \(TopOfRack.asNumber): \(states)"
    }
}
