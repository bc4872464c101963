import JSON
import Model
import Resources

/// Well-known example manifests and the connectivity that their text states.
struct RecipeVectors: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("k8s_recipes", orHas: ["namespaces", "pods", "probes"])
    }

    init(_ file: VectorFile) {}

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        let model = try model(vector.value)
        var scene = Scene(model.resources)
        for probe in try vector.value.list("probes") {
            let source = try probe.text("from")
            let destination = try probe.text("to")
            let flow = try model.flow(
                from: source,
                to: destination,
                ipProtocol(probe.text("protocol")),
                port: probe.number("port") ?? 0
            )
            scene.checks.append(
                Check(
                    "\(source) to \(destination), \(flow.protocol)/\(flow.destinationPort)",
                    model.questions(from: source, to: destination, flow),
                    isAllowed: try probe.text("expect") == "allow"
                )
            )
        }
        return try judge([scene], asking: engines)
    }

    private func model(_ value: JSONValue) throws -> ClusterModel {
        var model = ClusterModel()
        for (name, labels) in try value.member("namespaces").object?.members ?? [] {
            model.namespaces[name] = labels.labels
        }
        for (index, pod) in try value.list("pods").enumerated() {
            let path = "\(try pod.text("namespace"))/\(try pod.text("name"))"
            model.pods[path] = ClusterModel.Pod(
                labels: pod["labels"]?.labels ?? [:],
                address: Address(v4: 0x0a41_0001 + UInt32(index)),
                ports: pod.elements("ports").map(containerPort)
            )
        }
        for policy in try value.list("policies") { model.add(policy: policy) }
        return model
    }
}

/// `{port, protocol, name}` as a pod's container port.
func containerPort(_ port: JSONValue) -> JSONValue {
    var result: JSONValue = ["containerPort": port["port"] ?? .null]
    result["protocol"] = port["protocol"]
    result["name"] = port["name"]
    return result
}
