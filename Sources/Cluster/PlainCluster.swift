import Foundation
import Model

/// The same nodes and pods without Caracal: plain kernel routing, or a program that only redirects.
///
/// What benches compare with.
package struct PlainCluster {
    private struct Pod {
        let name: String
        let node: ClusterState.Node
        let ordinal: Int
        var address: String { "10.66.\(node.index).\(ordinal)" }
        var link: String { "pod\(ordinal)" }
    }

    private let paths: ClusterPaths
    private let fabric: Fabric
    private var nodes: [ClusterState.Node] = []
    private var pods: [Pod] = []

    /// Two nodes; pods `a` and `b` on the first, `c` on the second.
    package init(creating name: String) throws {
        paths = ClusterPaths(name: name)
        fabric = Fabric(paths: paths, hasIPv6: false)
        try fabric.create()
        for index in 1...2 {
            let node = ClusterState.Node(name: "node\(index)", index: index)
            nodes.append(node)
            try fabric.addNode(node)
            try inNode(node, ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])
        }
        for (name, index, ordinal) in [("a", 0, 1), ("b", 0, 2), ("c", 1, 1)] {
            try addPod(Pod(name: name, node: nodes[index], ordinal: ordinal))
        }
        for node in nodes {
            for other in nodes where other.index != node.index {
                try inNode(
                    node,
                    [
                        "ip", "route", "add", "10.66.\(other.index).0/24", "via",
                        Addressing.node4(other.index),
                    ]
                )
            }
        }
    }

    private mutating func addPod(_ pod: Pod) throws {
        pods.append(pod)
        let namespace = podNamespace(pod)
        try fabric.addNamespace(namespace)
        try inNode(
            pod.node,
            [
                "ip", "link", "add", pod.link, "address", "ee:ee:ee:ee:ee:ee", "type", "veth",
                "peer",
                "name", "eth0", "netns", namespace,
            ]
        )
        try inNode(pod.node, ["ip", "link", "set", pod.link, "up"])
        try inNode(pod.node, ["ip", "route", "add", "\(pod.address)/32", "dev", pod.link])
        try inNamespace(namespace, ["ip", "link", "set", "eth0", "up"])
        try inNamespace(namespace, ["ip", "addr", "add", "\(pod.address)/32", "dev", "eth0"])
        try inNamespace(namespace, ["ip", "route", "add", "169.254.1.1", "dev", "eth0"])
        try inNamespace(
            namespace,
            [
                "ip", "neigh", "add", "169.254.1.1", "lladdr", "ee:ee:ee:ee:ee:ee", "dev", "eth0",
            ]
        )
        try inNamespace(namespace, ["ip", "route", "add", "default", "via", "169.254.1.1"])
    }

    package func endpoint(_ name: String) throws -> Prober.Endpoint {
        guard let pod = pods.first(where: { $0.name == name }), let address = Address(pod.address)
        else { throw ClusterError("no pod \(name)") }
        return Prober.Endpoint(
            name: name,
            namespace: ClusterPaths.netns(podNamespace(pod)),
            addresses: [address]
        )
    }

    /// Attaches `object`'s program to every link, with the ways to all pods in its map.
    package func redirectOnly(_ object: String) throws {
        for node in nodes {
            let folder = paths.bpfRoot(node.name)
            try Command.run([
                "sh", "-c", "mountpoint -q /sys/fs/bpf || mount -t bpf bpffs /sys/fs/bpf",
            ])
            try Command.run(["mkdir", "-p", folder])
            try Command.run([
                "bpftool", "prog", "loadall", object, folder, "pinmaps", folder,
            ])
            for pod in pods {
                let isLocal = pod.node.index == node.index
                let link = try index(of: isLocal ? pod.link : "eth0", on: node)
                let hop = isLocal ? nil : Address(Addressing.node4(pod.node.index))
                try Command.run(
                    ["bpftool", "map", "update", "pinned", "\(folder)/limit_ways", "key"]
                        + decimal(Address(pod.address)?.familyBytes) + ["value"]
                        + decimal(withUnsafeBytes(of: link) { Array($0) })
                        + decimal(hop?.familyBytes ?? [0, 0, 0, 0])
                )
            }
            let links = ["eth0"] + pods.filter { $0.node.index == node.index }.map(\.link)
            for link in links {
                try inNode(node, ["tc", "qdisc", "add", "dev", link, "clsact"])
                try inNode(
                    node,
                    [
                        "tc", "filter", "add", "dev", link, "ingress", "bpf", "da", "object-pinned",
                        "\(folder)/limit_forward",
                    ]
                )
            }
        }
    }

    /// Runs a command on each node, with the input that `input` makes for its workload interfaces.
    package func onNodes(_ command: [String], input: ([String]) -> String) throws {
        for node in nodes {
            let links = pods.filter { $0.node.index == node.index }.map(\.link)
            try inNamespace(
                paths.namespace(ofNode: node.name),
                command,
                input: Data(input(links).utf8)
            )
        }
    }

    package func down() throws {
        for pod in pods { try fabric.deleteNamespace(podNamespace(pod)) }
        for node in nodes {
            try fabric.deleteNamespace(paths.namespace(ofNode: node.name))
            try Command.run(["rm", "-rf", paths.bpfRoot(node.name)])
        }
        try fabric.deleteNamespace(paths.fabric)
    }

    private func index(of link: String, on node: ClusterState.Node) throws -> UInt32 {
        let output = try inNode(node, ["ip", "-o", "link", "show", link])
        let text = String(decoding: output, as: UTF8.self).split(separator: ":").first
        guard let index = text.flatMap({ UInt32($0) }) else {
            throw ClusterError("no link \(link) on \(node.name)")
        }
        return index
    }

    private func decimal(_ bytes: [UInt8]?) -> [String] { (bytes ?? []).map { String($0) } }

    private func podNamespace(_ pod: Pod) -> String { "\(paths.name)-pod-\(pod.name)" }

    @discardableResult
    private func inNode(_ node: ClusterState.Node, _ command: [String]) throws -> Data {
        try inNamespace(paths.namespace(ofNode: node.name), command)
    }

    /// `nsenter` rather than `ip netns exec`, which would hide bpffs.
    @discardableResult
    private func inNamespace(
        _ namespace: String,
        _ command: [String],
        input: Data = Data()
    ) throws -> Data {
        try Command.run(
            ["nsenter", "--net=\(ClusterPaths.netns(namespace))"] + command,
            input: input
        )
    }
}
