internal import Agent
internal import CNI
internal import Datastore
internal import DatastoreMemory
internal import Glibc
internal import IPAM
internal import JSON
internal import Linux
internal import Model
internal import Netlink
internal import Resources
internal import Support
internal import Synchronization
internal import Testing

/// Policy that is live at once, or never.
final class StubbornPolicy: PodPolicy {
    struct NotLive: Error {}

    private let isLive: Bool
    private let events = Mutex<[Event]>([])

    init(isLive: Bool = true) {
        self.isLive = isLive
    }

    var taken: [Event] { events.withLock { $0 } }

    func setMAC(_ mac: MAC?, of id: EndpointID) async {}

    func take(written event: Event) async {
        events.withLock { $0.append(event) }
    }

    func waitUntilLive(_ id: EndpointID, timeout: Duration) async throws {
        if !isLive { throw NotLive() }
    }
}

/// A network namespace with a name of its own, for one pod; gone with the test.
struct PodNamespace: ~Copyable {
    let name: String

    init(_ purpose: String) throws {
        name = "agt-\(getpid())-\(purpose)"
        _ = try NetworkNamespace.create(named: name)
    }

    var path: String { "\(NetworkNamespace.directory)/\(name)" }

    deinit { try? NetworkNamespace.delete(named: name) }
}

/// Real links in namespaces; policy is told to be live.
@Suite("pods come and go", .enabled(if: TestPlatform.hasNamespaces), .serialized)
struct PodConnectorTests {
    private let store = MemoryDatastore()
    private let ipam: IPAM

    init() async throws {
        ipam = IPAM(store: store)
        for resource in [
            Resource(.calico("Node"), version: "v3", name: "node1", spec: [:]),
            Resource(
                .calico("IPPool"),
                version: "v3",
                name: "pool",
                spec: ["cidr": "10.65.0.0/24"]
            ),
            Resource(
                .calico("IPPool"),
                version: "v3",
                name: "pool6",
                spec: ["cidr": "fd00:65::/112"]
            ),
            Objects.namespace("default"),
        ] {
            _ = try await store.create(resource)
        }
    }

    private func connector(_ policy: StubbornPolicy = StubbornPolicy()) -> PodConnector {
        PodConnector(
            PodConnector.Settings(node: "node1", mtu: 1450),
            store: store,
            ipam: ipam,
            policy: policy,
            logger: silent
        )
    }

    private func request(
        _ command: CNICommand,
        _ pod: String?,
        container: String,
        path: String,
        _ more: [(String, JSONValue)] = []
    ) throws -> CNIRequest {
        var invocation = CNIInvocation(command: command, namespacePath: path)
        invocation.attachment = try CNIAttachment(containerID: container, interface: "eth0")
        if let pod {
            invocation.arguments = ["K8S_POD_NAMESPACE": "default", "K8S_POD_NAME": pod]
        }
        var configuration: JSONValue = [
            "cniVersion": "1.1.0", "name": "net", "type": "caracal-cni",
            "ipam": ["type": "calico-ipam", "assign_ipv6": "true"],
        ]
        for (key, value) in more { configuration[key] = value }
        return try CNIRequest(invocation, NetworkConfiguration(json: configuration))
    }

    private func hostHas(_ name: String) throws -> Bool {
        var socket = try NetlinkSocket()
        return try socket.link(named: name) != nil
    }

    /// Nothing of any container is left in the store or on this machine.
    private func expectNothingLeft(_ interface: String?) async throws {
        let report = try await ipam.check()
        #expect(report.problems.isEmpty)
        #expect(report.addressesInUse == 0)
        #expect(report.handles == 0)
        #expect(try await store.list(.calico("WorkloadEndpoint"), namespace: nil).items.isEmpty)
        if let interface { #expect(try !hostHas(interface)) }
    }

    @Test("a pod gets an address of each family, is annotated, and leaves nothing behind")
    func pod() async throws {
        let namespace = try PodNamespace("pod")
        let path = namespace.path
        _ = try await store.create(Objects.pod("p"))
        let policy = StubbornPolicy()
        let connector = connector(policy)
        let result = try await connector.add(request(.add, "p", container: "c1", path: path))
        #expect(result.addresses.map(\.address.family) == [.v4, .v6])
        let interface = workloadInterfaceName(namespace: "default", pod: "p")
        #expect(result.interfaces.map(\.name) == [interface, "eth0"])
        let key = Objects.pod("p").key
        let pod = try #require(try await store.get(key))
        #expect(pod.annotations["cni.projectcalico.org/containerID"] == "c1")
        let addresses = result.addresses.map { "\($0.address)/\($0.prefixLength)" }
        #expect(pod.annotations["cni.projectcalico.org/podIPs"] == addresses.joined(separator: ","))
        #expect(policy.taken.map(\.resource.key) == [key])
        #expect(try await ipam.addresses(of: "net.c1").count == 2)
        let previous = ("prevResult", result.json(for: .v1_1_0))
        try await connector.check(request(.check, "p", container: "c1", path: path, [previous]))
        for _ in 0..<2 {
            try await connector.delete(request(.delete, "p", container: "c1", path: path))
        }
        #expect(try await store.get(key)?.annotations["cni.projectcalico.org/podIPs"] == "")
        try await expectNothingLeft(interface)
    }

    @Test("what an ADD that was cut short holds is not all: the next one gets both families")
    func cutShort() async throws {
        let namespace = try PodNamespace("cut")
        let path = namespace.path
        _ = try await store.create(Objects.pod("p"))
        var half = AssignRequest(node: "node1", num4: 0, num6: 1, handle: "net.c1")
        half.attributes = ["node": "node1"]
        let held = await ipam.autoAssign(half, now: .now())
        #expect(held.addresses.count == 1)
        let connector = connector()
        let result = try await connector.add(request(.add, "p", container: "c1", path: path))
        #expect(result.addresses.map(\.address.family) == [.v4, .v6])
        let again = try await connector.add(request(.add, "p", container: "c1", path: path))
        #expect(again.addresses == result.addresses)
        try await connector.delete(request(.delete, "p", container: "c1", path: path))
        try await expectNothingLeft(nil)
    }

    @Test("a container without a Pod object becomes a WorkloadEndpoint")
    func container() async throws {
        let namespace = try PodNamespace("wep")
        let path = namespace.path
        let connector = connector()
        let result = try await connector.add(request(.add, nil, container: "c-1", path: path))
        let endpoints = try await store.list(.calico("WorkloadEndpoint"), namespace: nil).items
        let endpoint = try #require(endpoints.first)
        #expect(endpoint.name == "node1-cni-c--1-eth0")
        #expect(validate(endpoint).isEmpty)
        let updates = try convert(endpoint)
        guard case .endpoint(_, let converted?) = updates.first else {
            Issue.record("no endpoint comes of \(endpoint)")
            return
        }
        #expect(converted.addresses == result.addresses.map(\.address))
        #expect(converted.interface == result.interfaces.first?.name)
        try await connector.delete(request(.delete, nil, container: "c-1", path: path))
        try await expectNothingLeft(result.interfaces.first?.name)
    }

    @Test("a failed ADD leaves nothing behind")
    func failure() async throws {
        let namespace = try PodNamespace("fail")
        let path = namespace.path
        _ = try await store.create(Objects.pod("p"))
        let connector = connector(StubbornPolicy(isLive: false))
        let add = try request(.add, "p", container: "c1", path: path)
        let error = await #expect(throws: CNIError.self) { try await connector.add(add) }
        #expect(error?.code == .tryAgainLater)
        try await expectNothingLeft(workloadInterfaceName(namespace: "default", pod: "p"))
        let nowhere = try request(.add, "p", container: "c1", path: "/run/netns/agt-nowhere")
        await #expect(throws: CNIError.self) { try await connector.add(nowhere) }
        try await expectNothingLeft(workloadInterfaceName(namespace: "default", pod: "p"))
    }

    @Test("a pod of another node is refused")
    func elsewhere() async throws {
        let namespace = try PodNamespace("else")
        let path = namespace.path
        _ = try await store.create(Objects.pod("p", node: "node2"))
        let connector = connector()
        let add = try request(.add, "p", container: "c1", path: path)
        await #expect(throws: CNIError.self) { try await connector.add(add) }
        try await expectNothingLeft(nil)
    }

    @Test("annotations choose addresses and pools")
    func annotations() async throws {
        let namespace = try PodNamespace("ann")
        let path = namespace.path
        var pod = Objects.pod("p")
        pod.annotations = [
            "cni.projectcalico.org/ipAddrs": #"["10.65.0.77"]"#,
            "cni.projectcalico.org/hwAddr": "02:00:00:00:00:77",
        ]
        _ = try await store.create(pod)
        let connector = connector()
        let result = try await connector.add(request(.add, "p", container: "c1", path: path))
        #expect(result.addresses.map(\.address.description) == ["10.65.0.77"])
        #expect(result.interfaces.last?.mac == "02:00:00:00:00:77")
        try await connector.delete(request(.delete, "p", container: "c1", path: path))
        try await expectNothingLeft(nil)
    }

    @Test("DEL of a pod's former container leaves its new one alone")
    func replaced() async throws {
        let first = try PodNamespace("old")
        let second = try PodNamespace("new")
        let (oldPath, newPath) = (first.path, second.path)
        _ = try await store.create(Objects.pod("p"))
        let connector = connector()
        _ = try await connector.add(request(.add, "p", container: "old", path: oldPath))
        let result = try await connector.add(request(.add, "p", container: "new", path: newPath))
        try await connector.delete(request(.delete, "p", container: "old", path: oldPath))
        let previous = ("prevResult", result.json(for: .v1_1_0))
        let check = try request(.check, "p", container: "new", path: newPath, [previous])
        try await connector.check(check)
        #expect(try await ipam.check().addressesInUse == 2)
        try await connector.delete(request(.delete, "p", container: "new", path: newPath))
        try await expectNothingLeft(workloadInterfaceName(namespace: "default", pod: "p"))
    }

    @Test("GC takes what the runtime did not name, and nothing else")
    func garbage() async throws {
        let first = try PodNamespace("gc1")
        let second = try PodNamespace("gc2")
        let (path1, path2) = (first.path, second.path)
        _ = try await store.create(Objects.pod("p"))
        let connector = connector()
        _ = try await connector.add(request(.add, "p", container: "c1", path: path1))
        let kept = try await connector.add(request(.add, nil, container: "c2", path: path2))
        let valid: JSONValue = [["containerID": "c2", "ifname": "eth0"]]
        var collect = try request(
            .collectGarbage,
            nil,
            container: "x",
            path: "",
            [("cni.dev/valid-attachments", valid)]
        )
        collect.invocation.attachment = nil
        try await connector.collectGarbage(collect)
        #expect(try await ipam.check().addressesInUse == 2)
        #expect(try !hostHas(workloadInterfaceName(namespace: "default", pod: "p")))
        #expect(try hostHas(try #require(kept.interfaces.first?.name)))
        try await connector.delete(request(.delete, nil, container: "c2", path: path2))
        try await expectNothingLeft(nil)
    }

    @Test("many pods at once")
    func burst() async throws {
        let count = 24
        let folder = NetworkNamespace.directory
        let names = (0..<count).map { "agt-\(getpid())-b\($0)" }
        for name in names { _ = try NetworkNamespace.create(named: name) }
        defer { for name in names { try? NetworkNamespace.delete(named: name) } }
        let connector = connector()
        let results = try await withThrowingTaskGroup(of: CNIResult.self) { group in
            for (index, name) in names.enumerated() {
                let path = "\(folder)/\(name)"
                let add = try request(.add, nil, container: "b\(index)", path: path)
                group.addTask { try await connector.add(add) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let addresses = results.flatMap(\.addresses).map(\.address)
        #expect(Set(addresses).count == 2 * count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, name) in names.enumerated() {
                let path = "\(folder)/\(name)"
                let delete = try request(.delete, nil, container: "b\(index)", path: path)
                group.addTask { try await connector.delete(delete) }
            }
            try await group.waitForAll()
        }
        try await expectNothingLeft(nil)
    }
}
