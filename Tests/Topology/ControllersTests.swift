import Cluster
import Datastore
import JSON
import Resources
import Support
import Testing

// The cluster's one controller beside the agents of its nodes:
//
//   caracal controllers ──▶ store ◀── node1, node2

extension Topology {
    @Suite("controllers")
    struct ControllersTests {
        @Test("nodes get host endpoints when the configuration says so, and lose them again")
        func automaticHostEndpoints() async throws {
            try await withCluster { cluster in
                let store = cluster.openStore()
                try cluster.apply(Self.configuration("Enabled"))
                try await eventually(["node1-auto-hep", "node2-auto-hep"]) {
                    try await Self.hostEndpoints(store)
                }
                let key = ResourceKey(.calico("HostEndpoint"), name: "node2-auto-hep")
                let made = try #require(try await store.get(key))
                #expect(made.spec["interfaceName"] == "*")
                let node = try #require(
                    try await store.get(ResourceKey(.calico("Node"), name: "node2"))
                )
                let address = node.spec["bgp"]?["ipv4Address"]?.string?.split(separator: "/").first
                #expect(made.spec["expectedIPs"]?.array?.first?.string == address.map(String.init))
                #expect(node.spec["interfaces"]?.array?.first?["name"] == "eth0")

                try cluster.caracalctl(["label", "nodes", "node2", "zone=east"])
                try await eventually("east") { try await store.get(key)?.labels["zone"] }

                // A killed one leaves all as it is; the next one goes on.
                try cluster.stopControllers()
                try cluster.caracalctl(["delete", "hostendpoints", "node1-auto-hep"])
                try cluster.startControllers()
                try await eventually(["node1-auto-hep", "node2-auto-hep"]) {
                    try await Self.hostEndpoints(store)
                }

                try cluster.apply(Self.configuration("Disabled"))
                try await eventually([]) { try await Self.hostEndpoints(store) }
            }
        }

        private static func hostEndpoints(_ store: any Datastore) async throws -> [String] {
            try await store.list(.calico("HostEndpoint"), namespace: nil).items.map(\.name)
        }

        private static func configuration(_ autoCreate: String) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: KubeControllersConfiguration
            metadata: {name: default}
            spec:
              controllers:
                node:
                  hostEndpoint: {autoCreate: \(autoCreate)}
            """
        }
    }
}
