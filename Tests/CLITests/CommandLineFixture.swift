import CLI
import Foundation
import Synchronization

/// Runs whole command lines on a store of its own and keeps what they say.
final class CommandLineFixture: Sendable {
    struct Result: Hashable, Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    private let root: URL

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "cli-\(UUID())")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: root)
    }

    var storePath: String { path("store.db") }

    func path(_ name: String) -> String { root.appending(path: name).path }

    /// Writes a file, with the folders above it, and returns its path.
    func file(_ name: String, _ text: String) throws -> String {
        let url = root.appending(path: name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: url)
        return url.path
    }

    /// Runs `line`, split at spaces, with further arguments that may hold spaces.
    func run(
        _ line: String,
        _ arguments: String...,
        input: String = "",
        environment: [String: String] = [:]
    ) async -> Result {
        let output = Mutex("")
        let errors = Mutex("")
        let console = Console(
            environment: ["CARACAL_STORE": storePath].merging(environment) { $1 },
            input: { Array(input.utf8) },
            write: { text in output.withLock { $0 += text } },
            complain: { text in errors.withLock { $0 += text } }
        )
        let words = line.split(separator: " ").map(String.init) + arguments
        let status = await Caracalctl.run(words, on: console)
        return Result(
            status: status,
            output: output.withLock(\.self),
            errors: errors.withLock { $0.replacing(root.path, with: "DIR") }
        )
    }

    /// Applies a text, which must succeed.
    @discardableResult
    func apply(_ text: String) async throws -> Result {
        let result = await run("apply -f -", input: text)
        guard result.status == 0 else { throw Failed(result: result) }
        return result
    }

    struct Failed: Error {
        let result: Result
    }
}

/// A policy, a tier for another one, a namespace with two pods, and a pool.
let cluster = """
    apiVersion: projectcalico.org/v3
    kind: Tier
    metadata: {name: platform}
    spec: {order: 100}
    ---
    apiVersion: projectcalico.org/v3
    kind: GlobalNetworkPolicy
    metadata: {name: platform.log, labels: {team: infra}}
    spec:
      tier: platform
      order: 10
      selector: app == 'web'
      types: [Ingress]
      ingress:
      - {action: Log, protocol: TCP}
      - {action: Pass}
    ---
    apiVersion: projectcalico.org/v3
    kind: NetworkPolicy
    metadata: {name: allow-client, labels: {team: shop}}
    spec:
      order: 500
      selector: app == 'web'
      ingress:
      - action: Allow
        protocol: TCP
        source: {selector: role == 'client'}
        destination: {ports: [80]}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: default}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web-1, labels: {app: web}}
    spec: {nodeName: node-1, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}
    status: {phase: Running, podIP: 10.65.0.2, podIPs: [{ip: 10.65.0.2}, {ip: 'fd00::2'}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: client, labels: {role: client}}
    spec: {nodeName: node-2, containers: [{name: c}]}
    status: {phase: Running, podIP: 10.65.0.3, podIPs: [{ip: 10.65.0.3}, {ip: 'fd00::3'}]}
    ---
    apiVersion: projectcalico.org/v3
    kind: IPPool
    metadata: {name: pool}
    spec: {cidr: 10.65.0.0/16, natOutgoing: true}
    """

func tier(_ name: String, order: Int) -> String {
    """
    apiVersion: projectcalico.org/v3
    kind: Tier
    metadata: {name: \(name)}
    spec: {order: \(order)}
    """
}
