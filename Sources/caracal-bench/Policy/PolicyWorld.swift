import BPF
import BPFSupport
import Cluster
import Compile
import KernelVerdicts
import Model

/// A node of its own whose two pods are under a set of policies, compiled as the agent does it.
struct PolicyWorld {
    /// Which way a new flow goes.
    enum Path: String, CaseIterable {
        case leavingTCP = "TCP leaving a pod"
        case leavingUDP = "UDP leaving a pod"
        case arrivingTCP = "TCP arriving at a pod"
        case arrivingUDP = "UDP arriving at a pod"
        case localTCP = "TCP pod to pod on one node"
    }

    private let node: TestNode
    private let set: PolicySet

    init(_ set: PolicySet) throws {
        self.set = set
        node = try TestNode { _ in }
        var compiler = PolicyCompiler(localNode: "node1")
        let change = compiler.apply(try set.updates() + locals)
        guard change.failures.isEmpty else {
            throw ClusterError("\(set.count) policies do not compile: \(change.failures)")
        }
        try PolicyMaps(node.skeleton).write(change, former: TableInterpreter())
        for pod in [Pod.a, .b] {
            guard case .some(.some(let programs)) = change.endpoints[pod.address] else {
                throw ClusterError("no programs for \(pod.address)")
            }
            try node.setPolicy(of: pod, ingress: programs.ingress, egress: programs.egress)
        }
    }

    /// Both are of the service that is named last.
    private var locals: [Update] {
        [Pod.a, .b].map { pod in
            let id = EndpointID.workload(
                node: "node1",
                workload: "default/gateway-\(pod.slot)",
                endpoint: "eth0"
            )
            var labels = set.labels(ofPod: set.count - 1)
            labels["role"] = "gateway"
            return .endpoint(id, Endpoint(id: id, labels: labels, addresses: [pod.address]))
        }
    }

    /// New flows of that way, all allowed, with every service in turn.
    func flows(_ path: Path, ends count: Int) throws -> NewFlows {
        let isTCP = path != .leavingUDP && path != .arrivingUDP
        let place: Place =
            path == .arrivingTCP || path == .arrivingUDP ? .fromHost : .fromWorkload(.a)
        let frame: PacketBuilder = place == .fromHost ? .fromWire : .fromPodA
        let ip = frame.ip(.podA, .podC)
        // Pods far apart in number, so that neither services nor addresses come in order.
        let ends = (0..<count).map { turn in
            let number = turn * 1237 % PolicySet.podCount
            let service = set.service(ofPod: number)
            let remote = PolicySet.address(ofPod: number)
            let port =
                isTCP
                ? set.port(ofService: service)
                : set.datagramPort(ofService: service)
            return switch path {
            case .leavingTCP, .leavingUDP: (source: Address.podA, destination: remote, port: port)
            case .arrivingTCP, .arrivingUDP: (source: remote, destination: Address.podA, port: port)
            case .localTCP:
                (
                    source: Address.podA, destination: Address.podB,
                    port: set.port(ofService: set.count - 1)
                )
            }
        }
        return try NewFlows(node, at: place, like: isTCP ? ip.tcp(1, 1, .syn) : ip.udp(1, 1), ends)
    }
}
