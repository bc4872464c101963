import Cluster
import Datastore
import Foundation
import Glibc
import Linux
import Model
import Resources
import Support
import Testing

// The agent dies in the middle of its work, and works while everything changes:
//
//       node1                                        node2
//     ┌──────────────────────────────────────┐     ┌───────────────┐
//     │ default/peer    bench/pod-0 …        │     │               │
//     │ addresses ─▶ link ─▶ store ─▶ policy │     │               │
//     └───────┬──────────────────────────────┘     └──────┬────────┘
//             └────────────────── fabric ─────────────────┘

extension Topology {
    @Suite("crashes in the middle")
    struct CrashTests {
        /// What an ADD has done when the agent dies.
        enum Moment: CaseIterable, Sendable {
            case hasAddresses, hasLink, isStored
        }

        @Test("an ADD that the agent's death cuts short is undone by DEL, or done again")
        func cutShort() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/peer", node: "node1")
                let plugin = cluster.plugin("node1")
                for moment in Moment.allCases {
                    for repeats in [false, true] {
                        var pod = try await cluster.preparePods(1, node: "node1")[0]
                        let before = try await Inventory(cluster, node: "node1")
                        let asked = pod
                        async let cut = offPool { try plugin.ask("ADD", asked) }
                        try await eventually(true) { [cluster] in
                            try await Self.has(moment, pod, cluster)
                        }
                        try cluster.stopAgent("node1", signal: SIGKILL)
                        let answer = try await cut
                        #expect(answer.isSuccess || answer.code == 11, "\(answer.failure)")
                        try cluster.startAgent("node1")
                        try await cluster.waitUntilReady("node1")

                        if repeats {
                            let again = try plugin.ask("ADD", pod)
                            #expect(again.isSuccess, "\(moment): \(again.failure)")
                            pod.addresses = again.addresses
                            let ends =
                                [cluster.endpoint(pod)] + cluster.probeEndpoints(external: false)
                            try await cluster.expect(ends, others: ".. ..")
                        }
                        #expect(try plugin.ask("DEL", pod).isSuccess, "\(moment)")
                        try await eventually(before) {
                            try await Inventory(cluster, node: "node1")
                        }
                        try await cluster.discardPods([pod])
                    }
                }
            }
        }

        @Test("pods come and go on both nodes while policy changes and an agent dies")
        func churn() async throws {
            try await withCluster { cluster in
                let peer = try await cluster.addPod("default/peer", node: "node1")
                let before = try await Inventory(cluster, node: "node1")
                let ends = [
                    cluster.endpoint(peer),
                    cluster.endpoint(try await cluster.addPod("default/far", node: "node2")),
                ]
                let kept = try DatagramStream(from: ends[1], to: ends[0], port: 5000, every: pace)
                let pods = try await cluster.preparePods(12, node: "node1")
                let plugin = cluster.plugin("node1")
                for round in 0..<3 {
                    let added = try await Self.atOnce(pods) { try plugin.ask("ADD", $0) }
                    #expect(added.filter { !$0.isSuccess }.map(\.failure) == [])
                    #expect(Set(added.flatMap(\.addresses)).count == 2 * pods.count)
                    try cluster.apply(Self.policy(round))
                    if round == 1 {
                        try cluster.stopAgent("node1", signal: SIGKILL)
                        try cluster.startAgent("node1")
                        try await cluster.waitUntilReady("node1")
                    }
                    let deleted = try await Self.atOnce(pods) { try plugin.ask("DEL", $0) }
                    #expect(deleted.filter { !$0.isSuccess }.map(\.failure) == [])
                }
                try cluster.caracalctl(["delete", "gnp", "churn"])
                try await cluster.discardPods(pods)
                try await cluster.removePod("default/far")
                try await eventually(before) { try await Inventory(cluster, node: "node1") }
                kept.stop()
                let sent = kept.finish()
                // Until its sender was removed, which is the last that happened.
                let last = sent.lastIndex { $0.arrived } ?? 0
                #expect(sent[..<last].filter { !$0.arrived }.count == 0)
                #expect(last > 200)
            }
        }

        private static func has(
            _ moment: Moment,
            _ pod: ClusterState.Pod,
            _ cluster: Cluster
        ) async throws -> Bool {
            let store = cluster.openStore()
            switch moment {
            case .hasAddresses:
                let handles = try await store.list(.calico("IPAMHandle"), namespace: nil).items
                return handles.contains { $0.name.contains(pod.containerID) }
            case .hasLink:
                let node = cluster.paths.namespace(ofNode: "node1")
                let links = try Command.run(["ip", "-n", node, "-br", "link"])
                return String(decoding: links, as: UTF8.self)
                    .components(separatedBy: "\ncali").count > 2
            case .isStored:
                let key = ResourceKey(.core("Pod"), namespace: pod.namespace, name: pod.name)
                let annotations = try await store.get(key)?.annotations ?? [:]
                return annotations["cni.projectcalico.org/podIP"]?.isEmpty == false
            }
        }

        private static func atOnce<Value: Sendable>(
            _ pods: [ClusterState.Pod],
            _ body: @escaping @Sendable (ClusterState.Pod) throws -> Value
        ) async throws -> [Value] {
            try await withThrowingTaskGroup(of: Value.self) { group in
                for pod in pods { group.addTask { try await offPool { try body(pod) } } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        private static func policy(_ round: Int) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: churn}
            spec:
              selector: app == 'web'
              types: [Ingress]
              ingress:
                - {action: Allow, protocol: TCP, destination: {ports: [\(8000 + round)]}}

            """
        }
    }
}
