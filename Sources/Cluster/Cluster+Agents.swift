import Foundation

// The agents: one process a node.

extension Cluster {
    /// Starts the node's agent and notes its process id; `wrapper` is a program that becomes it.
    package mutating func startAgent(_ name: String, under wrapper: [String] = []) throws {
        let index = state.nodes.firstIndex { $0.name == name }
        guard let index else { throw ClusterError("no node \(name)") }
        let pid = try Command.start(
            [
                "nsenter", "--net=\(ClusterPaths.netns(paths.namespace(ofNode: name)))",
            ] + wrapper + [
                try Command.sibling("caracal"), "agent", "--node-name", name,
                "--store", paths.store, "--socket", paths.socket(name),
                "--bpf-root", paths.bpfRoot(name),
            ],
            environment: [
                "FELIX_HEALTHENABLED": "true", "FELIX_PROMETHEUSMETRICSENABLED": "true",
                "FELIX_BPFDATAIFACEPATTERN": "^eth0$",
            ],
            log: paths.log(name)
        )
        state.nodes[index].agent = pid
        try save()
    }

    /// Ends the node's agent; `SIGKILL` as a crash would.
    package mutating func stopAgent(_ name: String, signal: Int32 = SIGTERM) throws {
        guard let index = state.nodes.firstIndex(where: { $0.name == name }),
            let pid = state.nodes[index].agent
        else { return }
        state.nodes[index].agent = nil
        try save()
        Self.end(pid, signal)
    }

    static func end(_ pid: Int32, _ signal: Int32) {
        defer { Command.reap(pid) }
        guard isAgent(pid) else { return }
        kill(pid, signal)
        let deadline = ContinuousClock.now + .seconds(10)
        while isAgent(pid) {
            guard ContinuousClock.now < deadline else {
                kill(pid, SIGKILL)
                return
            }
            usleep(5_000)
        }
    }

    /// Starts what the cluster needs once: `caracal controllers`.
    package mutating func startControllers() throws {
        state.controllers = try Command.start(
            [try Command.sibling("caracal"), "controllers", "--store", paths.store],
            environment: [:],
            log: paths.log("controllers")
        )
        try save()
    }

    /// Ends the controllers.
    package mutating func stopControllers() throws {
        guard let pid = state.controllers else { return }
        state.controllers = nil
        try save()
        Self.end(pid, SIGTERM)
    }

    /// Guards against a process id that was given to another program meanwhile.
    package static func isAgent(_ pid: Int32) -> Bool {
        guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
            let state = FileManager.default.contents(atPath: "/proc/\(pid)/stat")
        else { return false }
        let isZombie = String(decoding: state, as: UTF8.self).contains(") Z ")
        // In the middle of an exec there is no command line.
        return !isZombie
            && (line.isEmpty || String(decoding: line, as: UTF8.self).contains("caracal"))
    }

    /// Waits until the node's CNI plugin answers STATUS without an error.
    package func waitUntilReady(_ name: String) async throws {
        let plugin = Plugin(paths: paths, node: name, hasIPv6: state.hasIPv6)
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let failure = try plugin.status()
            guard let failure else { return }
            guard let pid = try node(name).agent, Self.isAgent(pid) else {
                throw ClusterError("the agent of \(name) ended" + agentErrors(name))
            }
            guard ContinuousClock.now < deadline else {
                throw ClusterError("\(name) is not ready after 30 s: \(failure)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The last lines of the agents' and speakers' logs.
    package func agentErrors(_ only: String? = nil) -> String {
        let nodes = state.nodes.map(\.name).filter { only == nil || $0 == only }
        let logs = nodes + nodes.map { "\($0)-bgp" } + (only == nil ? ["top-of-rack"] : [])
        return logs.map { name in
            let log = FileManager.default.contents(atPath: paths.log(name)) ?? Data()
            let lines = String(decoding: log, as: UTF8.self).split(separator: "\n").suffix(3)
            return lines.map { "\n  \(name): \($0)" }.joined()
        }.joined()
    }
}
