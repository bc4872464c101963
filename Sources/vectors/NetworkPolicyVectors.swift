import JSON
import Model
import Resources

/// Kubernetes NetworkPolicy: a model, steps that change it, and truth tables after each.
struct NetworkPolicyVectors: VectorFamily {
    private let models: JSONValue

    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("k8s_networkpolicy", orHas: ["model", "steps", "ip_dependent"])
    }

    init(_ file: VectorFile) throws {
        models = try file.header.member("models")
    }

    func group(of vector: VectorCase) -> String { vector.value["origin"]?.string ?? "all" }

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        try judge(states(of: vector).map(scene), asking: engines)
    }

    /// Each step, and the model after it.
    private func states(of vector: VectorCase) throws -> [(step: JSONValue, model: ClusterModel)] {
        var model = try start(models.member(vector.value.text("model")))
        return try vector.value.list("steps").map { step in
            for action in try step.list("actions") { try apply(action, to: &model) }
            return (step, model)
        }
    }

    private func start(_ value: JSONValue) throws -> ClusterModel {
        var model = ClusterModel()
        for (name, labels) in try value.member("namespaces").object?.members ?? [] {
            model.namespaces[name] = labels.labels
        }
        for (path, pod) in try value.member("pods").object?.members ?? [] {
            model.pods[path] = try self.pod(pod)
        }
        return model
    }

    private func pod(_ value: JSONValue) throws -> ClusterModel.Pod {
        ClusterModel.Pod(
            labels: value["labels"]?.labels ?? [:],
            address: try address(value.text("ip")),
            ports: [80, 81].flatMap { port in
                ["TCP", "UDP", "SCTP"].map { name in
                    [
                        "containerPort": .int(Int64(port)), "protocol": .string(name),
                        "name": .string("serve-\(port)-\(name.lowercased())"),
                    ]
                }
            }
        )
    }

    private func apply(_ action: JSONValue, to model: inout ClusterModel) throws {
        guard let (verb, value) = action.object?.members.first else { return }
        let name = value["name"]?.string ?? ""
        let path = "\(value["namespace"]?.string ?? "")/\(name)"
        switch verb {
        case "create_policy", "update_policy": model.add(policy: value)
        case "delete_policy":
            let type = ResourceType(group: "networking.k8s.io", kind: "NetworkPolicy")
            model.policies[
                ResourceKey(type, namespace: value["namespace"]?.string, name: name)
            ] = nil
        case "create_namespace", "set_namespace_labels":
            model.namespaces[name] = value["labels"]?.labels ?? [:]
        case "delete_namespace":
            model.namespaces[name] = nil
            model.pods = model.pods.filter { ClusterModel.split($0.key).namespace != name }
        case "create_pod": model.pods[path] = try pod(value)
        case "set_pod_labels": model.pods[path]?.labels = value["labels"]?.labels ?? [:]
        case "delete_pod": model.pods[path] = nil
        default: throw VectorError("unknown action '\(verb)'")
        }
    }

    private func scene(_ step: JSONValue, _ model: ClusterModel) throws -> Scene {
        var scene = Scene(model.resources)
        let pods = step.texts("pods")
        for (service, tables) in try step.member("expect").object?.members ?? [] {
            let (name, port) = try protocolAndPort(service)
            for direction in [Direction.ingress, .egress] {
                let rows = tables.texts(direction == .ingress ? "ingress" : "egress")
                for (source, row) in zip(pods, rows) {
                    for (destination, cell) in zip(pods, row) where cell == "." || cell == "X" {
                        let flow = try model.flow(
                            from: source,
                            to: destination,
                            ipProtocol(name),
                            port: port
                        )
                        let owner = direction == .ingress ? destination : source
                        scene.checks.append(
                            Check(
                                "\(direction) \(source) to \(destination), \(service)",
                                [model.question(at: owner, direction, flow)],
                                isAllowed: cell == "."
                            )
                        )
                    }
                }
            }
        }
        return scene
    }

    private func protocolAndPort(_ service: String) throws -> (name: String, port: Int) {
        let parts = service.split(separator: "/").map { String($0) }
        guard parts.count == 2, let port = Int(parts[1])
        else { throw VectorError("'\(service)' is no protocol and port") }
        return (parts[0], port)
    }
}

extension NetworkPolicyVectors: LiveFamily {
    var addresses: [String: Set<Address>] {
        var addresses: [String: Set<Address>] = [:]
        for (_, model) in models.object?.members ?? [] {
            for (path, pod) in model["pods"]?.object?.members ?? [] {
                guard let address = pod["ip"]?.string.flatMap({ Address($0) }) else { continue }
                addresses[path, default: []].insert(address)
            }
        }
        return addresses
    }

    func scenes(of vector: VectorCase) throws -> LiveScenes {
        let states = try states(of: vector)
        return .scenes(
            try states.enumerated().map { number, state in
                var scene = LiveScene(states.count > 1 ? "step \(number), " : "", state.model)
                let pods = state.step.texts("pods")
                for (service, tables) in try state.step.member("expect").object?.members ?? [] {
                    let (name, port) = try protocolAndPort(service)
                    for (source, row) in zip(pods, tables.texts("combined")) {
                        for (destination, cell) in zip(pods, row) where cell == "." || cell == "X" {
                            try scene.expect(
                                source,
                                destination,
                                name,
                                port,
                                isAllowed: cell == "."
                            )
                        }
                    }
                }
                return scene
            }
        )
    }
}
