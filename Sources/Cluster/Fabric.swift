import Foundation
import Model

/// Links and namespaces of a cluster, made with iproute2.
///
///      external 203.0.113.7 (on lo)
///     ┌──────────────┴───────────────┐
///     │ NAME-fabric: br0 172.30.0.1  │   the top of the rack: routes pods' addresses to their nodes
///     └──┬────────────┬───────────┬──┘
///      eth0         eth0        eth0
///     NAME-node1   NAME-node2  NAME-node3   172.30.0.11, .12, .13
struct Fabric {
    let paths: ClusterPaths
    let hasIPv6: Bool

    func create() throws {
        try ip(["netns add \(paths.fabric)"])
        try skipAddressDetection(paths.fabric)
        try inside(
            paths.fabric,
            [
                "link set lo up",
                "link add br0 type bridge",
                "link set br0 up",
                "addr add \(Addressing.fabric4)/24 dev br0",
                "addr add \(Addressing.external4)/32 dev lo",
            ]
        )
        try sysctl(paths.fabric, "net.ipv4.ip_forward", "1")
        guard hasIPv6 else { return }
        try inside(
            paths.fabric,
            [
                "addr add \(Addressing.fabric6)/64 dev br0 nodad",
                "addr add \(Addressing.external6)/128 dev lo nodad",
            ]
        )
        try sysctl(paths.fabric, "net.ipv6.conf.all.forwarding", "1")
    }

    func addNode(_ node: ClusterState.Node) throws {
        let namespace = paths.namespace(ofNode: node.name)
        try ip(["netns add \(namespace)"])
        try skipAddressDetection(namespace)
        try inside(
            namespace,
            [
                "link set lo up",
                "link add eth0 type veth peer name port\(node.index) netns \(paths.fabric)",
                "link set eth0 up",
                "addr add \(Addressing.node4(node.index))/24 dev eth0",
                "route add default via \(Addressing.fabric4)",
            ]
        )
        try inside(paths.fabric, ["link set port\(node.index) master br0 up"])
        guard hasIPv6 else { return }
        try inside(
            namespace,
            [
                "addr add \(Addressing.node6(node.index))/64 dev eth0 nodad",
                "route add default via \(Addressing.fabric6)",
            ]
        )
    }

    /// Takes from a node's kernel what a reboot would: the link is down for a moment, and of the routes
    /// only those are back that its own configuration makes.
    func reboot(_ node: ClusterState.Node) throws {
        let namespace = paths.namespace(ofNode: node.name)
        for family in hasIPv6 ? ["-4", "-6"] : ["-4"] {
            for writer in ["80", "81", "boot"] {
                try Command.run([
                    "ip", family, "-n", namespace, "route", "flush", "table", "main", "proto",
                    writer,
                ])
            }
        }
        try inside(
            namespace,
            [
                "link set eth0 down", "link set eth0 up",
                "route replace default via \(Addressing.fabric4)",
            ]
        )
        guard hasIPv6 else { return }
        try inside(
            namespace,
            [
                "addr replace \(Addressing.node6(node.index))/64 dev eth0 nodad",
                "route replace default via \(Addressing.fabric6)",
            ]
        )
    }

    /// Tells the fabric behind which node a pod lives, where nobody announces it.
    func routePod(_ addresses: [String], via node: ClusterState.Node) throws {
        try inside(
            paths.fabric,
            addresses.map { address in
                let gateway =
                    address.contains(":")
                    ? Addressing.node6(node.index) : Addressing.node4(node.index)
                return "route replace \(address) via \(gateway)"
            }
        )
    }

    func unroutePod(_ addresses: [String]) throws {
        for address in addresses {
            // The route went with the node's link when the node is down already.
            _ = try Command.result(
                ["ip", "-n", paths.fabric, "route", "del", address]
            )
        }
    }

    /// Where the fabric sends packets for an address; `nil` when it has no way, or no gateway.
    func gateway(to address: String) throws -> String? {
        let result = try Command.result(["ip", "-n", paths.fabric, "route", "get", address])
        let words = result.text.split(separator: " ")
        guard result.status == 0, let via = words.firstIndex(of: "via"), via + 1 < words.count
        else { return nil }
        return String(words[via + 1])
    }

    func addExternal(_ address: Address) throws {
        try inside(
            paths.fabric,
            ["addr add \(address)/\(address.family.bitWidth) dev lo"]
        )
    }

    func deleteNamespace(_ namespace: String) throws {
        guard FileManager.default.fileExists(atPath: ClusterPaths.netns(namespace)) else { return }
        try Command.run(["ip", "netns", "del", namespace])
    }

    func addNamespace(_ namespace: String) throws {
        try ip(["netns add \(namespace)"])
        try inside(namespace, ["link set lo up"])
    }

    private func ip(_ lines: [String]) throws {
        try Command.run(["ip", "-batch", "-"], input: Data(lines.joined(separator: "\n").utf8))
    }

    private func inside(_ namespace: String, _ lines: [String]) throws {
        guard !lines.isEmpty else { return }
        try Command.run(
            ["ip", "-n", namespace, "-batch", "-"],
            input: Data((lines.joined(separator: "\n") + "\n").utf8)
        )
    }

    /// Nobody else is here to have our addresses: without the two seconds of waiting for an answer,
    /// neighbours can be asked for at once.
    private func skipAddressDetection(_ namespace: String) throws {
        guard hasIPv6 else { return }
        try sysctl(namespace, "net.ipv6.conf.default.accept_dad", "0")
    }

    private func sysctl(_ namespace: String, _ name: String, _ value: String) throws {
        try Command.run([
            "nsenter", "--net=\(ClusterPaths.netns(namespace))", "sysctl", "-q", "-w",
            "\(name)=\(value)",
        ])
    }
}
