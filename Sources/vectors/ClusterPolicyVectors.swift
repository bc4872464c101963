import JSON
import Model
import Resources

/// Conformance of ClusterNetworkPolicy: policies, changes of objects, and probes in between.
struct ClusterPolicyVectors: VectorFamily {
    private let model: ClusterModel

    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("anp_cnp", orHas: ["api", "features", "steps"])
    }

    init(_ file: VectorFile) throws {
        var model = ClusterModel()
        let value = try file.header.member("model")
        for (name, labels) in try value.member("namespaces").object?.members ?? [] {
            model.namespaces[name] = labels.labels
        }
        for (path, pod) in try value.member("pods").object?.members ?? [] {
            model.pods[path] = ClusterModel.Pod(
                labels: pod["labels"]?.labels ?? [:],
                address: try address(pod.text("ip")),
                ports: pod.elements("ports").map(containerPort),
                usesHostNetwork: pod["host_network"]?.bool ?? false
            )
        }
        self.model = model
    }

    func group(of vector: VectorCase) -> String { vector.value["api"]?.string ?? "all" }

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        if let reason = try reasonToSkip(vector) { return .skipped(reason) }
        let scenes = try states(of: vector).map { state in
            var scene = Scene(state.model.resources)
            scene.checks = try state.probes.map { try check($0, state.model) }
            return scene
        }
        return try judge(scenes, asking: engines)
    }

    private func reasonToSkip(_ vector: VectorCase) throws -> String? {
        if try vector.value.text("api").contains("AdminNetworkPolicy") {
            return "the API's former kinds, which Calico serves no more"
        }
        let needsNodes = vector.value.texts("features")
            .contains("ClusterNetworkPolicyEgressNodePeers")
        return needsNodes ? "node peers, an optional feature that Calico refuses" : nil
    }

    /// The models between changes, each with what is probed of it.
    private func states(
        of vector: VectorCase
    ) throws -> [(model: ClusterModel, probes: [JSONValue])] {
        var model = model
        for policy in try vector.value.list("policies") { model.add(policy: policy) }
        var states = [(model: model, probes: [JSONValue]())]
        for step in try vector.value.list("steps") {
            if let probe = step["probe"] {
                states[states.count - 1].probes.append(probe)
            } else {
                apply(step, to: &model)
                states.append((model, []))
            }
        }
        return states.filter { !$0.probes.isEmpty }
    }

    private func apply(_ step: JSONValue, to model: inout ClusterModel) {
        if let object = step["update"] {
            if object["kind"] == "Namespace" {
                let labels = object["metadata"]?["labels"]?.labels ?? [:]
                model.namespaces[Resource(object).name] = labels
            } else {
                model.add(policy: object)
            }
        } else if let object = step["delete"] {
            model.policies = model.policies.filter { key, _ in
                key.type.kind != object["kind"]?.string || key.name != object["name"]?.string
                    || key.namespace != object["namespace"]?.string
            }
        }
    }

    private func check(_ probe: JSONValue, _ model: ClusterModel) throws -> Check {
        let source = try probe.text("from")
        let destination = try probe.text("to")
        let number = try ipProtocol(probe.text("protocol"))
        let port = probe.number("port") ?? 0
        let flow = try model.flow(from: source, to: destination, number, port: port)
        return Check(
            "\(source) to \(destination), \(number)/\(port)",
            model.questions(from: source, to: destination, flow),
            isAllowed: try probe.text("expect") == "allow"
        )
    }
}

extension ClusterPolicyVectors: LiveFamily {
    var addresses: [String: Set<Address>] { model.pods.mapValues { [$0.address] } }

    func scenes(of vector: VectorCase) throws -> LiveScenes {
        if let reason = try reasonToSkip(vector) { return .skipped(reason) }
        return .scenes(
            try states(of: vector).enumerated().map { number, state in
                var scene = LiveScene("step \(number), ", state.model)
                for probe in state.probes {
                    try scene.expect(
                        probe.text("from"),
                        probe.text("to"),
                        probe.text("protocol"),
                        probe.number("port") ?? 0,
                        isAllowed: probe.text("expect") == "allow"
                    )
                }
                return scene
            }
        )
    }
}
