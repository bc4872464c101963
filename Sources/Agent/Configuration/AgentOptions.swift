internal import Control
package import Resources

/// What the agent is told on its command line.
package struct AgentOptions: Sendable {
    /// `nil` leaves it to the environment and the machine.
    package var nodeName: String?
    /// Path of the embedded store.
    package var store: String
    /// Where the CNI plugin finds the agent.
    package var socket: String
    /// Where maps and links are pinned; every agent of one machine needs its own.
    package var bpfRoot: String
    package var configurationFile: String
    /// Felix parameters, which override all other sources.
    package var parameters: [String: String] = [:]
    package var environment: [String: String]

    package init(
        nodeName: String? = nil,
        store: String = "/var/lib/caracal/store.db",
        socket: String = ControlSocket.defaultPath,
        bpfRoot: String = "/sys/fs/bpf/caracal",
        configurationFile: String = "/etc/calico/felix.cfg",
        environment: [String: String] = [:]
    ) {
        self.nodeName = nodeName
        self.store = store
        self.socket = socket
        self.bpfRoot = bpfRoot
        self.configurationFile = configurationFile
        self.environment = environment
    }

    /// The sources of configuration that are on this machine, the overriding one first.
    package func localSources(file: String?) -> [FelixSource] {
        [.overrides(parameters), .environment(environment)]
            + (file.map { [.file($0, path: configurationFile)] } ?? [])
    }
}
