import ArgumentParser
import Cluster
import Foundation

/// A cluster on this machine for people, demos and tests.
@main
struct CaracalCluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "A Caracal cluster on this machine, in network namespaces.",
        subcommands: [
            Up.self, Pod.self, DeletePod.self, Exec.self, Probe.self, Status.self, Down.self,
        ]
    )
}

extension ClusterRouting: ExpressibleByArgument {}

struct Name: ParsableArguments {
    @Option(help: "Name of the cluster; several may be up at once.")
    var name = "cara"
}

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring nodes, agents and BGP speakers up."
    )
    @OptionGroup var cluster: Name
    @Option(help: "How many nodes, 1 to 200.")
    var nodes = 3
    @Flag(name: .customLong("ipv6"), help: "Dual stack: IPv6 addresses and pool too.")
    var ipv6 = false
    @Option(
        help: """
            bgp: each node runs a speaker, and BIRD is the router at the top of the rack. direct: \
            the agents' own routes alone.
            """
    )
    var routing = ClusterRouting.bgp

    func validate() throws {
        guard (1...200).contains(nodes) else { throw ValidationError("--nodes takes 1 to 200") }
    }

    func run() async throws {
        _ = try await Cluster.up(
            name: cluster.name,
            nodes: nodes,
            hasIPv6: ipv6,
            routing: routing
        ) { print($0) }
        print("store: \(ClusterPaths(name: cluster.name).store)")
    }
}

struct Pod: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a pod with the CNI plugin.")
    @OptionGroup var cluster: Name
    @Argument(help: "The node it runs on.") var node: String
    @Argument(help: "NAMESPACE/NAME.") var pod: String
    @Option(name: .customLong("label"), help: "key=value; may be repeated.")
    var labels: [String] = []
    @Option(
        name: .customLong("port"),
        help: "Named container port, such as 80/TCP; may be repeated."
    )
    var ports: [String] = []

    func run() async throws {
        var cluster = try Cluster(opening: cluster.name)
        var parsed: [String: String] = [:]
        for label in labels {
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ValidationError("'\(label)' is no label: expected key=value")
            }
            parsed[String(parts[0])] = String(parts[1])
        }
        let made = try await cluster.addPod(
            pod,
            node: node,
            labels: parsed,
            ports: try ports.map(probePort)
        )
        print("\(made.id): \(made.addresses.joined(separator: ", ")) on \(made.node)")
    }
}

struct DeletePod: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a pod with the CNI plugin.")
    @OptionGroup var cluster: Name
    @Argument(help: "NAMESPACE/NAME.") var pod: String

    func run() async throws {
        var cluster = try Cluster(opening: cluster.name)
        try await cluster.removePod(pod)
        print("\(pod): deleted")
    }
}

struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a program inside a pod (NAMESPACE/NAME), on a node, or 'external'."
    )
    @OptionGroup var cluster: Name
    @Argument(help: "NAMESPACE/NAME, a node's name, or external.") var target: String
    @Argument(parsing: .postTerminator, help: "The program after --.") var command: [String]

    func run() throws {
        let cluster = try Cluster(opening: cluster.name)
        let namespace =
            if target == "external" {
                cluster.paths.fabric
            } else if target.contains("/") {
                cluster.paths.namespace(ofPod: try cluster.pod(target))
            } else {
                cluster.paths.namespace(ofNode: try cluster.node(target).name)
            }
        guard !command.isEmpty else { throw ValidationError("what to run goes after --") }
        let arguments = ["nsenter", "--net=\(ClusterPaths.netns(namespace))", "--"] + command
        var pointers = arguments.map { strdup($0) } + [nil]
        execvp("nsenter", &pointers)
        throw ClusterError("cannot run nsenter: \(String(cString: strerror(errno)))")
    }
}

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove all of it.")
    @OptionGroup var cluster: Name

    func run() async throws {
        var cluster = try Cluster(opening: cluster.name)
        try await cluster.down()
        print("cluster \(cluster.paths.name) is down")
    }
}

func probePort(_ text: String) throws -> ProbePort {
    guard let port = ProbePort(text) else {
        throw ValidationError("'\(text)' is no port: expected such as 80/TCP, 53/UDP, 9/SCTP, icmp")
    }
    return port
}
