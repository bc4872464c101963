import Datastore
import DatastoreMemory
import JSON
import Logging
import Resources
import Testing

@testable import Controllers

private func configuration(_ hostEndpoint: JSONValue) -> Resource {
    Resource(
        .calico("KubeControllersConfiguration"),
        version: "v3",
        name: "default",
        spec: ["controllers": ["node": ["hostEndpoint": hostEndpoint]]]
    )
}

private func node(
    _ name: String,
    labels: [String: String] = [:],
    spec: JSONValue = ["bgp": ["ipv4Address": "10.0.0.1/24"]]
) -> Resource {
    Resource(.calico("Node"), version: "v3", name: name, labels: labels, spec: spec)
}

private func plan(_ objects: Resource...) -> HostEndpointPlan {
    var state = HostEndpointState()
    state.replace(with: objects)
    return state.plan
}

extension HostEndpointPlan {
    fileprivate var created: [Resource] {
        writes.compactMap { if case .create(let resource) = $0 { resource } else { nil } }
    }
    fileprivate var deleted: [String] {
        writes.compactMap { if case .delete(let resource) = $0 { resource.name } else { nil } }
    }
}

@Suite("automatic host endpoints")
struct HostEndpointPlanTests {
    @Test("nothing is made without a configuration, or when it says no")
    func disabled() {
        #expect(plan(node("a")).writes.isEmpty)
        #expect(plan(configuration(["autoCreate": "Disabled"]), node("a")).writes.isEmpty)
    }

    @Test("the default endpoint has the node's labels, every address and the profile that allows")
    func byDefault() throws {
        let spec: JSONValue = [
            "bgp": [
                "ipv4Address": "10.0.0.1/24", "ipv6Address": "fd00::1/64",
                "ipv4IPIPTunnelAddr": "10.9.0.1",
            ],
            "ipv4VXLANTunnelAddr": "10.9.0.2",
            "ipv6VXLANTunnelAddr": "fd00:9::2",
            "wireguard": ["interfaceIPv4Address": "10.9.0.3"],
            "addresses": [
                ["address": "10.0.0.1", "type": "InternalIP"],
                ["address": "10.0.0.7", "type": "InternalIP"],
                ["address": "203.0.113.5", "type": "ExternalIP"],
                ["address": "10.0.0.8/24", "type": "CalicoNodeIP"],
            ],
        ]
        let made = plan(
            configuration(["autoCreate": "Enabled"]),
            node("a", labels: ["zone": "east"], spec: spec)
        )
        let endpoint = try #require(made.created.first)
        #expect(made.writes.count == 1)
        #expect(endpoint.name == "a-auto-hep")
        #expect(
            endpoint.labels == [
                "zone": "east", "projectcalico.org/created-by": "calico-kube-controllers",
            ]
        )
        #expect(
            endpoint.spec == [
                "node": "a",
                "interfaceName": "*",
                "expectedIPs": [
                    "10.0.0.1", "fd00::1", "10.9.0.1", "10.9.0.2", "fd00:9::2", "10.9.0.3",
                    "10.0.0.7",
                ],
                "profiles": ["projectcalico-default-allow"],
            ]
        )
        #expect(validate(endpoint).isEmpty)
    }

    @Test("a template makes an endpoint of the addresses in its CIDRs, for nodes that it selects")
    func byAddresses() throws {
        let template: JSONValue = [
            "generateName": "lan", "interfaceCIDRs": ["10.0.0.0/8"], "nodeSelector": "has(rack)",
            "labels": ["zone": "template", "lan": "yes"], "annotations": ["why": "lan"],
        ]
        let settings = configuration([
            "autoCreate": "Enabled", "createDefaultHostEndpoint": "Disabled",
            "templates": [template],
        ])
        let made = plan(
            settings,
            node("a", labels: ["rack": "1", "zone": "east"]),
            node("b"),
            node("c", labels: ["rack": "2"], spec: ["bgp": ["ipv4Address": "192.0.2.1/24"]])
        )
        // Node b is not selected, node c has no address there.
        let endpoint = try #require(made.created.first)
        #expect(made.created.map(\.name) == ["a-lan-auto-hep"])
        #expect(endpoint.labels["zone"] == "template")
        #expect(endpoint.labels["lan"] == "yes")
        #expect(endpoint.annotations == ["why": "lan"])
        #expect(endpoint.spec["interfaceName"] == nil)
        #expect(endpoint.spec["expectedIPs"] == ["10.0.0.1"])
    }

    @Test("a pattern makes an endpoint of each interface that it finds")
    func byInterfaces() {
        let template: JSONValue = ["generateName": "wire", "interfacePattern": "^(eth0|eth1)$"]
        let spec: JSONValue = [
            "interfaces": [
                ["name": "eth0", "addresses": ["10.0.0.1/24"]], ["name": "eth1", "addresses": []],
                ["name": "eth10", "addresses": ["10.1.0.1"]],
            ]
        ]
        let made = plan(
            configuration([
                "autoCreate": "Enabled", "createDefaultHostEndpoint": "Disabled",
                "templates": [template],
            ]),
            node("a", spec: spec)
        )
        #expect(made.created.map(\.name) == ["a-wire-eth0-auto-hep", "a-wire-eth1-auto-hep"])
        #expect(made.created.map { $0.spec["interfaceName"] } == ["eth0", "eth1"])
        #expect(made.created.map { $0.spec["expectedIPs"] } == [["10.0.0.1"], nil])
        #expect(made.created.allSatisfy { validate($0).isEmpty })
    }

    @Test("templates that make no sense are named and left out; the others hold")
    func problems() {
        let made = plan(
            configuration([
                "autoCreate": "Enabled",
                "templates": [
                    ["generateName": "a", "interfacePattern": "("],
                    ["generateName": "b", "interfaceCIDRs": ["10.0.0.0/99"]],
                    ["generateName": "c"],
                    ["generateName": "d", "interfaceCIDRs": ["::/0"], "nodeSelector": "has("],
                    ["interfaceCIDRs": ["10.0.0.0/8"]],
                    ["generateName": "f", "interfaceCIDRs": ["10.0.0.0/8"]],
                ],
            ]),
            node("n")
        )
        #expect(made.created.map(\.name) == ["n-auto-hep", "n-f-auto-hep"])
        let named = (0..<5).map { index in
            made.problems.contains { $0.contains("templates[\(index)].") }
        }
        #expect(made.problems.count == 5)
        #expect(named.allSatisfy { $0 })
    }

    @Test("what is as it should be is not written; what differs is, at the revision that was seen")
    func updates() throws {
        let settings = configuration(["autoCreate": "Enabled"])
        var present = try #require(plan(settings, node("a")).created.first)
        present.resourceVersion = "7"
        #expect(plan(settings, node("a"), present).writes.isEmpty)
        var annotated = present
        annotated.annotations = ["mine": "yes"]
        #expect(plan(settings, node("a"), annotated).writes.isEmpty)

        let labelled = node("a", labels: ["zone": "east"])
        let update = try #require(plan(settings, labelled, annotated).writes.first)
        guard case .update(let next) = update else {
            Issue.record("\(update)")
            return
        }
        #expect(next.resourceVersion == "7")
        #expect(next.labels["zone"] == "east")
        #expect(next.annotations == ["mine": "yes"])
    }

    @Test("endpoints of nodes that are gone go, others' never do")
    func removals() throws {
        let settings = configuration(["autoCreate": "Enabled"])
        let ours = try #require(plan(settings, node("gone")).created.first)
        var others = ours
        others.labels = [:]
        others.metadata["name"] = "mine"
        #expect(plan(settings, ours, others).deleted == ["gone-auto-hep"])
        #expect(plan(ours, node("gone"), others).deleted == ["gone-auto-hep"])
    }

    @Test("somebody else's object of a wanted name stays and is told of")
    func obstacle() throws {
        let settings = configuration(["autoCreate": "Enabled"])
        var other = try #require(plan(settings, node("a")).created.first)
        other.labels = [:]
        let made = plan(settings, node("a"), other)
        #expect(made.writes.isEmpty)
        #expect(made.obstacles == [other.key])
    }

    @Test("a name that would be too long is a digest, and a valid one")
    func longNames() {
        let name = AutomaticHostEndpoints.name([String(repeating: "n", count: 253), "t"])
        #expect(name.hasSuffix("-auto-hep") && name.utf8.count == 49)
        #expect(name != AutomaticHostEndpoints.name([String(repeating: "n", count: 253), "u"]))
    }
}

@Suite("the controller of host endpoints")
struct HostEndpointControllerTests {
    private func controller(_ store: MemoryDatastore) -> HostEndpointController {
        HostEndpointController(store: store, logger: Logger(label: "test"))
    }

    private func endpoints(_ store: MemoryDatastore) async throws -> [String] {
        try await store.list(.calico("HostEndpoint"), namespace: nil).items.map(\.name)
    }

    private func news(_ store: MemoryDatastore) async throws -> StoreNews {
        let (items, revision) = try await store.snapshot(HostEndpointState.types)
        return .snapshot(items, revision)
    }

    @Test("follows nodes and configuration, and takes everything back when it is switched off")
    func life() async throws {
        let store = MemoryDatastore()
        let controller = controller(store)
        _ = try await store.create(node("a"))
        _ = try await store.create(configuration(["autoCreate": "Enabled"]))
        await controller.take(try await news(store))
        #expect(try await endpoints(store) == ["a-auto-hep"])

        _ = try await store.create(node("b"))
        _ = try await store.delete(node("a").key, ifRevision: nil)
        await controller.take(try await news(store))
        #expect(try await endpoints(store) == ["b-auto-hep"])

        let before = try await store.snapshot(HostEndpointState.types).revision
        await controller.take(try await news(store))
        #expect(try await store.snapshot(HostEndpointState.types).revision == before)

        _ = try await store.update(configuration(["autoCreate": "Disabled"]))
        await controller.take(try await news(store))
        #expect(try await endpoints(store).isEmpty)
    }

    @Test("what somebody changed meanwhile is not overwritten, and is put right with the next news")
    func conflict() async throws {
        let store = MemoryDatastore()
        let controller = controller(store)
        _ = try await store.create(node("a"))
        _ = try await store.create(configuration(["autoCreate": "Enabled"]))
        await controller.take(try await news(store))
        let key = ResourceKey(.calico("HostEndpoint"), name: "a-auto-hep")

        _ = try await store.update(node("a", labels: ["zone": "east"]))
        let old = try await news(store)
        var changed = try #require(try await store.get(key))
        changed.labels["by"] = "hand"
        _ = try await store.update(changed)
        await controller.take(old)
        #expect(try await store.get(key)?.labels["by"] == "hand")

        await controller.take(try await news(store))
        let labels = try await store.get(key)?.labels
        #expect(labels?["zone"] == "east" && labels?["by"] == nil)
    }
}
