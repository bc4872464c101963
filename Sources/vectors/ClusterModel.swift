import JSON
import Model
import Resources

/// Namespaces, pods and policies of a case that gives them in short, kept as the resources a
/// cluster would hold.
struct ClusterModel {
    struct Pod {
        var labels: [String: String]
        var address: Address
        var ports: [JSONValue]
        var usesHostNetwork = false
    }

    var namespaces: [String: [String: String]] = [:]
    /// By `namespace/name`.
    var pods: [String: Pod] = [:]
    /// By kind, namespace and name.
    var policies: [ResourceKey: Resource] = [:]

    static let node = "node1"

    mutating func add(policy: JSONValue) {
        let resource = Resource(policy)
        policies[resource.key] = resource
    }

    var resources: [Resource] {
        namespaces.map { name, labels in
            Resource(.core("Namespace"), version: "v1", name: name, labels: labels)
        } + pods.map { resource(of: $0.value, named: $0.key) } + policies.values
    }

    private func resource(of pod: Pod, named path: String) -> Resource {
        let (namespace, name) = Self.split(path)
        var resource = Resource(
            .core("Pod"),
            version: "v1",
            namespace: namespace,
            name: name,
            labels: pod.labels,
            spec: [
                "nodeName": .string(Self.node),
                "hostNetwork": .bool(pod.usesHostNetwork),
                "containers": [["name": "c", "ports": .array(pod.ports)]],
            ]
        )
        resource.value["status"] = [
            "phase": "Running",
            "podIPs": [["ip": .string(pod.address.description)]],
        ]
        return resource
    }

    static func split(_ path: String) -> (namespace: String, name: String) {
        let parts = path.split(separator: "/", maxSplits: 1).map { String($0) }
        return parts.count == 2 ? (parts[0], parts[1]) : ("", path)
    }

    // MARK: Questions

    /// What policy is asked about a flow between two ends, each a pod or an address outside.
    func questions(from source: String, to destination: String, _ flow: Flow) -> [Question] {
        [(source, Direction.egress), (destination, .ingress)].compactMap { path, direction in
            guard let pod = pods[path], !pod.usesHostNetwork else { return nil }
            return question(at: path, direction, flow)
        }
    }

    func question(at path: String, _ direction: Direction, _ flow: Flow) -> Question {
        let endpoint = EndpointID.workload(node: Self.node, workload: path, endpoint: "eth0")
        return Question(flow: flow, endpoint: endpoint, direction: direction)
    }

    func address(of end: String) throws -> Address {
        if let pod = pods[end] { return pod.address }
        // RFC 5737 keeps this one for documentation: it is in no pod network of the vectors.
        guard end == "external", let outside = Address("203.0.113.7")
        else { throw VectorError("'\(end)' is neither a pod nor 'external'") }
        return outside
    }

    /// A flow from some ephemeral port.
    func flow(
        from source: String,
        to destination: String,
        _ number: IPProtocol,
        port: Int
    ) throws -> Flow {
        Flow(
            source: try address(of: source),
            destination: try address(of: destination),
            protocol: number,
            sourcePort: number.hasPorts ? 40000 : 0,
            destinationPort: number.hasPorts ? UInt16(clamping: port) : 0,
            icmp: number.isICMP ? ICMPMatch(type: 8, code: 0) : nil
        )
    }
}

func ipProtocol(_ text: String) throws -> IPProtocol {
    guard let number = IPProtocol(text) else { throw VectorError("'\(text)' is no protocol") }
    return number
}

func address(_ text: String) throws -> Address {
    guard let address = Address(text) else { throw VectorError("'\(text)' is no address") }
    return address
}
