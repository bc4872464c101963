import Glibc
import Linux
import Model
import Netlink
import PodNetwork
import Support
import Testing

/// How long it takes, printed; the bounds are wide because other work shares the machine.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"), .serialized)
struct PodNetworkLoadTests {
    @Test("one pod takes milliseconds")
    func one() throws {
        let node = try TestNode()
        let clock = ContinuousClock()
        var setUps: [Duration] = []
        var activations: [Duration] = []
        var tearDowns: [Duration] = []
        for number in 1...30 {
            let pod = try node.pod("pod-\(number)", ["10.65.0.\(number)", "fd00::\(number)"])
            try node.namespace.run {
                let start = clock.now
                let link = try PodNetwork.setUp(pod)
                let middle = clock.now
                try PodNetwork.activate(link, pod)
                let end = clock.now
                _ = try PodNetwork.tearDown(hostName: pod.hostName)
                setUps.append(middle - start)
                activations.append(end - middle)
                tearDowns.append(clock.now - end)
            }
        }
        let medians = [setUps, activations, tearDowns].map { $0.sorted()[$0.count / 2] }
        print("median of set-up, activation, tear-down: \(medians)")
        #expect(medians[0] + medians[1] < .milliseconds(30))
    }

    @Test("a hundred pods at once")
    func many() async throws {
        let node = try TestNode()
        let pods = try (1...100).map {
            try node.pod("pod-\($0)", ["10.65.0.\($0)", "fd00::\($0)"])
        }
        let clock = ContinuousClock()
        let start = clock.now
        try await atOnce(pods, on: node) { pod in
            let link = try PodNetwork.setUp(pod)
            try PodNetwork.activate(link, pod)
        }
        print("100 pods at once: \(clock.now - start)")
        try node.namespace.run { for pod in pods { try PodNetwork.check(pod) } }

        let middle = clock.now
        try await atOnce(pods, on: node) { _ = try PodNetwork.tearDown(hostName: $0.hostName) }
        print("100 torn down at once: \(clock.now - middle)")
        let links = try node.links()
        #expect(links == ["lo"])
    }

    private func atOnce(
        _ pods: [PodInterface],
        on node: TestNode,
        _ body: @escaping @Sendable (PodInterface) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pod in pods {
                group.addTask {
                    try await offPool { try node.namespace.run { try body(pod) } }
                }
            }
            try await group.waitForAll()
        }
    }
}
