import Cluster
import Datastore
import Glibc
import JSON
import Model
import Resources
import Support
import Testing

// The CNI plugin as a container runtime calls it, in and out of order:
//
//       node1                             node2
//     ┌────────────────────────────┐    ┌───────────────┐
//     │ default/first … the pods   │    │ default/peer  │
//     │ caracal-cni ─ socket ─ agent    │               │
//     └───────┬────────────────────┘    └──────┬────────┘
//             └─────────────── fabric ─────────┘

extension Topology {
    @Suite("the CNI plugin")
    struct PluginTests {
        @Test("without an agent: try again later, and STATUS says so")
        func withoutAgent() async throws {
            try await withCluster { cluster in
                let pods = try await cluster.preparePods(1, node: "node1")
                let plugin = cluster.plugin("node1")
                let result = try plugin.ask("ADD", pods[0])
                #expect(result.isSuccess)
                try cluster.stopAgent("node1", signal: SIGKILL)

                for command in ["ADD", "DEL", "GC"] {
                    #expect(try plugin.ask(command, pods[0]).code == 11, "\(command)")
                }
                let check = try plugin.ask("CHECK", pods[0], ["prevResult": result.json])
                #expect(check.code == 11)
                #expect(try plugin.ask("STATUS").code == 50)
                #expect(try plugin.ask("VERSION").isSuccess)

                try cluster.startAgent("node1")
                try await cluster.waitUntilReady("node1")
                #expect(try plugin.ask("DEL", pods[0]).isSuccess)
                try await cluster.discardPods(pods)
            }
        }

        @Test("ADD and DEL twice, CHECK in between")
        func repeated() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/peer", node: "node1")
                let before = try await Inventory(cluster, node: "node1")
                let pods = try await cluster.preparePods(1, node: "node1")
                let plugin = cluster.plugin("node1")

                let first = try plugin.ask("ADD", pods[0])
                let second = try plugin.ask("ADD", pods[0])
                #expect(first.isSuccess)
                #expect(second.isSuccess, "\(second.failure)")
                #expect(first.addresses == second.addresses)
                #expect(first.addresses.count == 2)
                let with = try await Inventory(cluster, node: "node1")
                #expect(with.links.count == 2 && with.routes.count == 4 && with.pins.count == 6)
                // Of each pod: two addresses, and the handle that holds both.
                #expect(with.addresses.count == 6 && with.entries["cara_endpoints"] == 4)
                var pod = pods[0]
                pod.addresses = second.addresses
                let ends = [cluster.endpoint(pod)] + cluster.probeEndpoints(external: false)
                try await cluster.expect(ends, others: ".. ..")

                let previous: [String: JSONValue] = ["prevResult": second.json]
                let check = try plugin.ask("CHECK", pods[0], previous)
                #expect(check.isSuccess, "\(check.failure)")
                // CHECK looks: without its route the pod is not as ADD left it.
                let namespace = cluster.paths.namespace(ofPod: pod)
                try Command.run(["ip", "-n", namespace, "route", "del", "default"])
                #expect(try !plugin.ask("CHECK", pods[0], previous).isSuccess)

                #expect(try plugin.ask("DEL", pods[0], previous).isSuccess)
                #expect(try plugin.ask("DEL", pods[0], previous).isSuccess)
                #expect(try !plugin.ask("CHECK", pods[0], previous).isSuccess)
                try await eventually(before) { try await Inventory(cluster, node: "node1") }
                try await cluster.discardPods(pods)
            }
        }

        @Test("GC takes away what the runtime does not know")
        func garbage() async throws {
            try await withCluster { cluster in
                let pods = try await cluster.preparePods(2, node: "node1")
                let plugin = cluster.plugin("node1")
                #expect(try plugin.ask("ADD", pods[0]).isSuccess)
                let before = try await Inventory(cluster, node: "node1")
                #expect(try plugin.ask("ADD", pods[1]).isSuccess)

                let valid: JSONValue = [
                    ["containerID": .string(pods[0].containerID), "ifname": "eth0"]
                ]
                #expect(
                    try plugin.ask("GC", nil, ["cni.dev/valid-attachments": valid]).isSuccess
                )
                try await eventually(before) { try await Inventory(cluster, node: "node1") }
                #expect(try plugin.ask("DEL", pods[0]).isSuccess)
                try await cluster.discardPods(pods)
            }
        }

        @Test("an ADD that fails leaves nothing")
        func failedAdd() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/peer", node: "node1")
                let pods = try await cluster.preparePods(2, node: "node1")
                let before = try await Inventory(cluster, node: "node1")
                let plugin = cluster.plugin("node1")

                // The namespace is missing.
                let namespace = cluster.paths.namespace(ofPod: pods[0])
                try Command.run(["ip", "netns", "del", namespace])
                let missing = try plugin.ask("ADD", pods[0])
                #expect(!missing.isSuccess)
                #expect(missing.failure.contains(namespace), "\(missing.failure)")
                try await eventually(before) { try await Inventory(cluster, node: "node1") }

                // Its policy cannot go live: the address it asks for is another endpoint's.
                let peer = try cluster.pod("default/peer")
                try cluster.caracalctl([
                    "patch", "pod", pods[1].name, "-n", pods[1].namespace, "-p",
                    #"""
                    {"metadata": {"annotations": {"cni.projectcalico.org/ipAddrsNoIpam":
                      "[\"\#(peer.addresses[0])\"]"}}}
                    """#,
                ])
                let taken = try plugin.ask(
                    "ADD",
                    pods[1],
                    [
                        "feature_control": ["ip_addrs_no_ipam": true],
                        "policy_setup_timeout_seconds": 1,
                    ]
                )
                #expect(!taken.isSuccess)
                #expect(taken.failure.contains(peer.addresses[0]), "\(taken.failure)")
                try await eventually(before) { try await Inventory(cluster, node: "node1") }
                try await cluster.discardPods(pods)
            }
        }

        @Test("DEL after the namespace is gone")
        func withoutNamespace() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/peer", node: "node1")
                let pods = try await cluster.preparePods(1, node: "node1")
                let before = try await Inventory(cluster, node: "node1")
                let plugin = cluster.plugin("node1")
                #expect(try plugin.ask("ADD", pods[0]).isSuccess)

                try Command.run(["ip", "netns", "del", cluster.paths.namespace(ofPod: pods[0])])
                #expect(try plugin.ask("DEL", pods[0]).isSuccess)
                try await eventually(before) { try await Inventory(cluster, node: "node1") }
                try await cluster.discardPods(pods)
            }
        }

        @Test("the agent restarts between ADD and DEL", arguments: [SIGKILL, SIGTERM])
        func restartBetween(_ signal: Int32) async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/peer", node: "node1")
                let pods = try await cluster.preparePods(1, node: "node1")
                let before = try await Inventory(cluster, node: "node1")
                let plugin = cluster.plugin("node1")
                let added = try plugin.ask("ADD", pods[0])
                try cluster.stopAgent("node1", signal: signal)
                try cluster.startAgent("node1")
                try await cluster.waitUntilReady("node1")

                let check = try plugin.ask("CHECK", pods[0], ["prevResult": added.json])
                #expect(check.isSuccess, "\(check.failure)")
                #expect(try plugin.ask("DEL", pods[0]).isSuccess)
                try await eventually(before) { try await Inventory(cluster, node: "node1") }
                try await cluster.discardPods(pods)
            }
        }
    }
}
