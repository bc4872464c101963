/// What a cluster on this machine consists of, as kept in its state file.
package struct ClusterState: Codable, Sendable {
    package struct Node: Codable, Sendable {
        package var name: String
        /// Counts from 1; decides the node's addresses.
        package var index: Int
        package var agent: Int32?
        /// The process of the BGP speaker.
        package var speaker: Int32?
    }

    package struct Pod: Codable, Sendable {
        package var namespace: String
        package var name: String
        package var node: String
        package var containerID: String
        package var addresses: [String]

        package var id: String { "\(namespace)/\(name)" }
    }

    package var name: String
    package var hasIPv6: Bool
    package var routing: ClusterRouting
    package var nodes: [Node] = []
    package var pods: [Pod] = []
    /// The process of the controllers.
    package var controllers: Int32?
    /// The process of the router at the top of the rack.
    package var topOfRack: Int32?
}

/// Names and paths of everything a cluster has on this machine, derived from its name.
package struct ClusterPaths: Sendable {
    package let name: String

    package init(name: String) {
        self.name = name
    }

    package var folder: String { "/run/caracal-cluster/\(name)" }
    package var state: String { "\(folder)/state.json" }
    package var store: String { "\(folder)/store.db" }
    package var fabric: String { "\(name)-fabric" }

    package func namespace(ofNode node: String) -> String { "\(name)-\(node)" }
    package func namespace(ofPod pod: ClusterState.Pod) -> String {
        "\(name)-\(pod.namespace)-\(pod.name)"
    }
    package func socket(_ node: String) -> String { "\(folder)/\(node).sock" }
    package func speakerSocket(_ node: String) -> String { "\(folder)/\(node).bgp.sock" }
    package func log(_ node: String) -> String { "\(folder)/\(node).log" }
    package var pins: String { "/sys/fs/bpf/caracal-cluster/\(name)" }
    package func bpfRoot(_ node: String) -> String { "\(pins)/\(node)" }
    package static func netns(_ namespace: String) -> String { "/run/netns/\(namespace)" }
}

/// The addresses of a cluster's parts: one subnet of nodes, one host beyond the fabric.
package enum Addressing {
    package static let fabric4 = "172.30.0.1"
    package static let fabric6 = "fd00:172:30::1"
    package static let external4 = "203.0.113.7"
    package static let external6 = "2001:db8:113::7"
    package static let pool4 = "10.65.0.0/16"
    package static let pool6 = "fd00:10:65::/64"

    package static func node4(_ index: Int) -> String { "172.30.0.\(10 + index)" }
    package static func node6(_ index: Int) -> String {
        "fd00:172:30::" + String(10 + index, radix: 16)
    }
}
