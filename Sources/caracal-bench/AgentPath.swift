import Agent
import BenchSupport
import Dataplane
import Datastore
import Foundation
import JSON
import Logging
import Model
import Resources

/// The agent's path from the store's news to the kernel's maps, in this process: `PolicyLoop` over a
/// dataplane of its own.
final class AgentPath {
    static let node = "node1"

    let loop: PolicyLoop
    let metrics = Metrics()
    private let bench: BenchNode
    private var revision: UInt64

    /// A node with so many local pods in a cluster of these objects, which the kernel holds already.
    init(localPods: Int, _ objects: [Resource]) async throws {
        let locals = (0..<localPods).map { Self.localPod($0) }
        bench = try await BenchNode(locals: locals.map(\.endpoint))
        loop = PolicyLoop(
            node: Self.node,
            kernel: bench.dataplane,
            health: Health([.store, .dataplane, .resources]),
            metrics: metrics,
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        )
        for pod in locals { await loop.setMAC(pod.endpoint.mac, of: pod.endpoint.id) }
        revision = 1
        let all = [Self.namespace] + objects + locals.map(\.resource)
        await loop.take(.snapshot(all, Revision(rawValue: revision)))
        let counters = try await bench.dataplane.statistics()
        guard counters.isCurrent, counters.liveAddresses == localPods else {
            throw BenchFailure("\(counters.liveAddresses) of \(localPods) pods are live")
        }
    }

    func down() async throws { try await bench.down() }

    /// The store's next event.
    func event(_ resource: Resource) -> Event {
        revision += 1
        return Event(.modified(resource), revision: Revision(rawValue: revision))
    }

    // MARK: Objects

    private static let namespace = Resource(.core("Namespace"), version: "v1", name: "default")

    static func pod(
        _ name: String,
        node: String,
        _ address: Address,
        _ labels: [String: String]
    ) -> Resource {
        var pod = Resource(
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
        pod.annotations = ["cni.projectcalico.org/podIPs": "\(address)/32"]
        return pod
    }

    private static func localPod(_ number: Int) -> (endpoint: Endpoint, resource: Resource) {
        let name = "local-\(number)"
        let address = Address(v4: 0x0b00_0000 + UInt32(number))
        let endpoint = Endpoint(
            id: .workload(node: node, workload: "default/\(name)", endpoint: "eth0"),
            addresses: [address],
            interface: workloadInterfaceName(namespace: "default", pod: name)
        )
        let labels = ["app": "web", marker(number): "true"]
        return (BenchNode.withMAC(endpoint), pod(name, node: node, address, labels))
    }

    static func marker(_ number: Int) -> String { "marker-\(number % 31)" }

    static func policy(_ name: String, on selector: String, _ rules: [JSONValue]) -> Resource {
        Resource(
            .calico("GlobalNetworkPolicy"),
            version: "v3",
            name: name,
            spec: [
                "tier": "default", "order": 100, "selector": .string(selector),
                "types": ["Ingress"], "ingress": .array(rules),
            ]
        )
    }
}

/// Why a bench could not be measured.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
