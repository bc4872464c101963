import Foundation
package import JSON

/// The CNI plugin, called as a container runtime calls it: environment and standard input.
package struct Plugin: Sendable {
    package let paths: ClusterPaths
    package let node: String
    package let hasIPv6: Bool

    /// What the plugin printed.
    package struct Answer: Sendable {
        package let isSuccess: Bool
        /// The result of ADD, or the error; `null` when nothing was printed.
        package let json: JSONValue

        /// The specification's error code, when it failed.
        package var code: Int? { isSuccess ? nil : json["code"]?.int.map(Int.init) }

        /// The addresses of an ADD, without lengths.
        package var addresses: [String] {
            (json["ips"]?.array ?? []).compactMap {
                $0["address"]?.string?.split(separator: "/").first.map(String.init)
            }
        }

        /// The error as one line.
        package var failure: String {
            [json["msg"]?.string, json["details"]?.string].compactMap(\.self)
                .joined(separator: ": ")
        }
    }

    package init(paths: ClusterPaths, node: String, hasIPv6: Bool) {
        self.paths = paths
        self.node = node
        self.hasIPv6 = hasIPv6
    }

    /// ADD; returns the pod's addresses without lengths.
    package func add(_ pod: ClusterState.Pod) throws -> [String] {
        let answer = try ask("ADD", pod)
        guard answer.isSuccess else { throw failure("ADD", pod, answer) }
        guard !answer.addresses.isEmpty else {
            throw ClusterError("ADD of \(pod.id) gave no address")
        }
        return answer.addresses
    }

    package func delete(_ pod: ClusterState.Pod) throws {
        let answer = try ask("DEL", pod)
        guard answer.isSuccess else { throw failure("DEL", pod, answer) }
    }

    /// `nil` when the plugin could serve an ADD now, else why not.
    package func status() throws -> String? {
        let answer = try ask("STATUS")
        return answer.isSuccess ? nil : answer.failure
    }

    private func failure(
        _ command: String,
        _ pod: ClusterState.Pod,
        _ answer: Answer
    ) -> ClusterError {
        ClusterError("CNI \(command) of \(pod.id): \(answer.failure)")
    }

    /// Calls the plugin and returns what it says, success or not; `keys` join the configuration.
    package func ask(
        _ command: String,
        _ pod: ClusterState.Pod? = nil,
        _ keys: [String: JSONValue] = [:]
    ) throws -> Answer {
        var environment = ["CNI_COMMAND": command, "CNI_PATH": "/opt/cni/bin"]
        if let pod {
            environment["CNI_CONTAINERID"] = pod.containerID
            environment["CNI_NETNS"] = ClusterPaths.netns(paths.namespace(ofPod: pod))
            environment["CNI_IFNAME"] = "eth0"
            environment["CNI_ARGS"] =
                "IgnoreUnknown=1;K8S_POD_NAMESPACE=\(pod.namespace);K8S_POD_NAME=\(pod.name)"
        }
        var configuration = configuration
        for (key, value) in keys { configuration[key] = value }
        let result = try Command.result(
            [try Command.sibling("caracal-cni")],
            environment: environment,
            input: Data(configuration.bytes())
        )
        let json = result.output.isEmpty ? .null : try JSONValue(parsing: [UInt8](result.output))
        return Answer(isSuccess: result.status == 0, json: json)
    }

    private var configuration: JSONValue {
        [
            "cniVersion": "1.1.0", "name": "caracal", "type": "caracal-cni",
            "agent_socket": .string(paths.socket(node)),
            "ipam": [
                "type": "calico-ipam", "assign_ipv4": "true",
                "assign_ipv6": .string("\(hasIPv6)"),
            ],
        ]
    }
}
