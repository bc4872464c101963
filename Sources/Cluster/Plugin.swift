import Foundation

/// The CNI plugin, called as a container runtime calls it: environment and standard input.
package struct Plugin: Sendable {
    package let paths: ClusterPaths
    package let node: String
    package let hasIPv6: Bool

    package init(paths: ClusterPaths, node: String, hasIPv6: Bool) {
        self.paths = paths
        self.node = node
        self.hasIPv6 = hasIPv6
    }

    /// ADD; returns the pod's addresses without lengths.
    package func add(_ pod: ClusterState.Pod) throws -> [String] {
        let result = try call("ADD", pod)
        let object = try JSONSerialization.jsonObject(with: result) as? [String: Any]
        let addresses = (object?["ips"] as? [[String: Any]] ?? []).compactMap { ip in
            (ip["address"] as? String)?.split(separator: "/").first.map(String.init)
        }
        guard !addresses.isEmpty else { throw ClusterError("ADD of \(pod.id) gave no address") }
        return addresses
    }

    package func delete(_ pod: ClusterState.Pod) throws {
        _ = try call("DEL", pod)
    }

    /// `nil` when the plugin could serve an ADD now, else why not.
    package func status() throws -> String? {
        let result = try invoke("STATUS", environment: [:])
        return result.status == 0 ? nil : result.text
    }

    private func call(_ command: String, _ pod: ClusterState.Pod) throws -> Data {
        let result = try invoke(
            command,
            environment: [
                "CNI_CONTAINERID": pod.containerID,
                "CNI_NETNS": ClusterPaths.netns(paths.namespace(ofPod: pod)),
                "CNI_IFNAME": "eth0",
                "CNI_ARGS":
                    "IgnoreUnknown=1;K8S_POD_NAMESPACE=\(pod.namespace);K8S_POD_NAME=\(pod.name)",
            ]
        )
        guard result.status == 0 else {
            throw ClusterError("CNI \(command) of \(pod.id): \(result.text)\(result.errors)")
        }
        return result.output
    }

    private func invoke(
        _ command: String,
        environment: [String: String]
    ) throws -> Command.Result {
        try Command.result(
            [try Command.sibling("caracal-cni")],
            environment: environment.merging([
                "CNI_COMMAND": command, "CNI_PATH": "/opt/cni/bin",
            ]) { own, _ in own },
            input: Data(configuration.utf8)
        )
    }

    private var configuration: String {
        """
        {"cniVersion":"1.1.0","name":"caracal","type":"caracal-cni",\
        "agent_socket":"\(paths.socket(node))",\
        "ipam":{"type":"calico-ipam","assign_ipv4":"true","assign_ipv6":"\(hasIPv6)"}}
        """
    }
}
