internal import ArgumentParser
internal import Datastore
internal import JSON
internal import Resources

/// The command `caracalctl node`.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Shows the nodes of the cluster.",
        subcommands: [NodeStatus.self, NodeAgent.self, NodeAudit.self]
    )
}

/// The command `caracalctl node status`.
struct NodeStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what the store knows of each node, and this node's BGP sessions.",
        discussion: """
            The sessions are shown when a speaker answers at --socket; `caracalctl bgp peers` says \
            why one does not.
            """
    )

    @OptionGroup var store: StoreOption
    @OptionGroup var speaker: SpeakerOption

    func run() async throws {
        let store = try store.open()
        let types: [ResourceType] = [
            .calico("Node"), .core("Node"), .calico("IPAMBlock"), .core("Pod"),
        ]
        let items = try await store.snapshot(types).items
        Console.current.write(Self.text(items))
        guard let sessions = try? speaker.ask("peers") else { return }
        Console.current.write("\n" + BGPPeers.text(sessions))
    }

    private static func text(_ items: [Resource]) -> String {
        let allocations = BlockAllocation.all(in: items)
        let names = Set(items.filter { $0.kind == "Node" }.map(\.name))
        var table = TextTable(["NODE", "IPV4", "IPV6", "ASN", "BLOCKS", "ADDRESSES", "PODS"])
        for name in names.sorted() {
            let nodes = items.filter { $0.kind == "Node" && $0.name == name }
            let bgp = nodes.compactMap { $0.spec["bgp"] }.first
            let blocks = items.filter { $0.spec["affinity"]?.string == "host:\(name)" }
            let pods = items.filter { $0.kind == "Pod" && $0.spec["nodeName"]?.string == name }
            table.rows.append([
                name,
                bgp?["ipv4Address"]?.string ?? annotation("IPv4Address", nodes),
                bgp?["ipv6Address"]?.string ?? annotation("IPv6Address", nodes),
                bgp?["asNumber"]?.cell ?? "(64512)",
                "\(blocks.count)",
                "\(allocations.count { $0.node == name })",
                "\(pods.count)",
            ])
        }
        return table.text()
    }

    /// Where Calico keeps a node's address in the Kubernetes object.
    private static func annotation(_ name: String, _ nodes: [Resource]) -> String {
        nodes.compactMap { $0.annotations["projectcalico.org/\(name)"] }.first ?? ""
    }
}
