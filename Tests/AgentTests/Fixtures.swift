internal import Agent
internal import Compile
internal import Dataplane
internal import Datastore
internal import JSON
internal import Logging
internal import Model
internal import Resources
internal import Synchronization

/// A logger that says nothing.
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Remembers what the policy loop asks of the kernel, and refuses when it is told to.
final class RecordingKernel: PolicyKernel {
    struct State {
        var changes: [DataplaneChange] = []
        var attached: [EndpointID: Endpoint] = [:]
        var detached: [EndpointID] = []
        var isRefusing = false
    }

    let state = Mutex(State())

    func carryOut(_ change: DataplaneChange) async throws(DataplaneError) -> KernelReport {
        let isRefusing = state.withLock { state in
            state.changes.append(change)
            return state.isRefusing
        }
        if isRefusing { throw .notStarted }
        return KernelReport()
    }

    func attach(_ endpoint: Endpoint) async throws(DataplaneError) {
        state.withLock { $0.attached[endpoint.id] = endpoint }
    }

    func detach(_ id: EndpointID) async throws(DataplaneError) {
        state.withLock { state in
            state.attached[id] = nil
            state.detached.append(id)
        }
    }

    var changes: [DataplaneChange] { state.withLock { $0.changes } }
    var attached: [EndpointID: Endpoint] { state.withLock { $0.attached } }

    /// Changes that ask for something to be written.
    var writes: Int { changes.count { !$0.isEmpty } }

    func refuse(_ isRefusing: Bool) {
        state.withLock { $0.isRefusing = isRefusing }
    }
}

/// Objects as people write them.
enum Objects {
    static func namespace(_ name: String, annotations: [String: String] = [:]) -> Resource {
        var resource = Resource(.core("Namespace"), version: "v1", name: name)
        resource.annotations = annotations
        return resource
    }

    static func pod(
        _ name: String,
        node: String = "node1",
        address: String? = nil,
        labels: [String: String] = [:]
    ) -> Resource {
        var resource = Resource(
            .core("Pod"),
            version: "v1",
            namespace: "default",
            name: name,
            labels: labels,
            spec: [
                "nodeName": .string(node), "serviceAccountName": "default",
                "containers": [["name": "main"]],
            ]
        )
        if let address {
            resource.annotations = ["cni.projectcalico.org/podIPs": "\(address)/32"]
        }
        return resource
    }

    static func policy(_ name: String, order: Double = 100, action: String = "Allow") -> Resource {
        Resource(
            .calico("GlobalNetworkPolicy"),
            version: "v3",
            name: name,
            spec: [
                "tier": "default", "order": .double(order), "selector": "all()",
                "types": ["Ingress"], "ingress": [["action": .string(action)]],
            ]
        )
    }
}

extension EndpointID {
    static func pod(_ name: String, on node: String = "node1") -> EndpointID {
        .workload(node: node, workload: "default/\(name)", endpoint: "eth0")
    }
}
