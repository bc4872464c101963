internal import Agent
internal import Datastore
internal import DatastoreMemory
internal import JSON
internal import Model
internal import Resources
internal import Testing

@Suite("the node's own addresses")
struct NodeIdentityTests {
    private let machine: [MachineAddress] = [
        ("docker0", "172.17.0.1", 16), ("eth0", "192.0.2.5", 24), ("eth0", "2001:db8::5", 64),
        ("eth1", "198.51.100.5", 24), ("cali123", "10.0.0.1", 32),
    ].compactMap { name, text, length in
        Address(text).map { MachineAddress(address: $0, prefixLength: length, interface: name) }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let environment: [String: String]
        /// `nil` when it is refused.
        let expected: [String]?
        var testDescription: String { "\(environment)" }
    }

    @Test(
        "found as the environment asks",
        arguments: [
            Case(environment: [:], expected: ["192.0.2.5/24", "2001:db8::5/64"]),
            Case(environment: ["IP6": "none"], expected: ["192.0.2.5/24"]),
            Case(
                environment: ["IP": "198.51.100.5", "IP6": "none"],
                expected: ["198.51.100.5/24"]
            ),
            Case(
                environment: ["IP": "203.0.113.1/28", "IP6": "none"],
                expected: ["203.0.113.1/28"]
            ),
            Case(
                environment: ["IP_AUTODETECTION_METHOD": "interface=eth1,eth0", "IP6": "none"],
                expected: ["198.51.100.5/24"]
            ),
            Case(
                environment: ["IP_AUTODETECTION_METHOD": "skip-interface=eth0", "IP6": "none"],
                expected: ["198.51.100.5/24"]
            ),
            Case(
                environment: ["IP_AUTODETECTION_METHOD": "cidr=198.51.100.0/24", "IP6": "none"],
                expected: ["198.51.100.5/24"]
            ),
            Case(
                environment: ["IP_AUTODETECTION_METHOD": "can-reach=198.51.100.77", "IP6": "none"],
                expected: ["198.51.100.5/24"]
            ),
            Case(
                environment: ["IP_AUTODETECTION_METHOD": "interface=eth7"],
                expected: ["2001:db8::5/64"]
            ),
            Case(
                environment: ["IP": "autodetect", "IP_AUTODETECTION_METHOD": "interface=eth7"],
                expected: nil
            ),
            Case(environment: ["IP_AUTODETECTION_METHOD": "guess"], expected: nil),
            Case(environment: ["IP": "2001:db8::1"], expected: nil),
            Case(environment: ["IP": "192.0.2.5/40"], expected: nil),
        ]
    )
    func detection(testCase: Case) {
        let found = try? NodeIdentity.addresses(
            environment: testCase.environment,
            machine: machine,
            source: { target in target.isV4 ? Address("198.51.100.5") : nil }
        )
        #expect(found?.map(\.description) == testCase.expected)
    }

    @Test("the name asked for goes before the environment's")
    func name() {
        let environment = ["NODENAME": "from-env", "HOSTNAME": "HOST"]
        #expect(NodeIdentity.name("asked", environment: environment) == "asked")
        #expect(NodeIdentity.name(nil, environment: environment) == "from-env")
        #expect(NodeIdentity.name(nil, environment: ["HOSTNAME": "HOST"]) == "host")
    }
}

@Suite("the Node object")
struct NodeRecordTests {
    @Test("interfaces are listed with their addresses, pods' and tunnels' left out")
    func interfaces() async throws {
        let store = MemoryDatastore()
        let record = NodeRecord(store: store, name: "node1")
        func found(_ address: String, _ interface: String) throws -> MachineAddress {
            MachineAddress(
                address: try #require(Address(address)),
                prefixLength: 24,
                interface: interface
            )
        }
        let machine = try [
            found("192.0.2.5", "eth0"), found("fd00::5", "eth0"), found("192.0.2.6", "eth1"),
            found("10.0.0.1", "cali123"), found("10.0.0.2", "docker0"),
        ]
        try await record.publish([machine[0]], interfaces: AddressDetection.own(machine))
        let node = try #require(
            try await store.get(ResourceKey(.calico("Node"), name: "node1"))
        )
        #expect(
            node.spec["interfaces"] == [
                ["name": "eth0", "addresses": ["192.0.2.5", "fd00::5"]],
                ["name": "eth1", "addresses": ["192.0.2.6"]],
            ]
        )
        #expect(validate(node).isEmpty)
    }

    @Test("it is created, kept, and written only when something differs")
    func publish() async throws {
        let store = MemoryDatastore()
        let record = NodeRecord(store: store, name: "node1")
        let key = ResourceKey(.calico("Node"), name: "node1")
        let first = MachineAddress(
            address: try #require(Address("192.0.2.5")),
            prefixLength: 24,
            interface: "eth0"
        )
        try await record.publish([first])
        var node = try #require(try await store.get(key))
        #expect(node.spec["bgp"]?["ipv4Address"] == "192.0.2.5/24")
        #expect(validate(node).isEmpty)
        try await record.publish([first])
        #expect(try await store.get(key)?.resourceVersion == node.resourceVersion)
        node.spec["bgp"]?["asNumber"] = 64513
        node.spec["addresses"] = [
            ["address": "192.0.2.5", "type": "CalicoNodeIP"],
            ["address": "203.0.113.9", "type": "ExternalIP"],
        ]
        _ = try await store.update(node)
        let second = MachineAddress(
            address: try #require(Address("192.0.2.6")),
            prefixLength: 24,
            interface: "eth0"
        )
        try await record.publish([second])
        let changed = try #require(try await store.get(key))
        #expect(changed.spec["bgp"]?["asNumber"] == 64513)
        #expect(changed.spec["bgp"]?["ipv4Address"] == "192.0.2.6/24")
        #expect(
            changed.spec["addresses"] == [
                ["address": "192.0.2.6", "type": "CalicoNodeIP"],
                ["address": "203.0.113.9", "type": "ExternalIP"],
            ]
        )
    }
}
