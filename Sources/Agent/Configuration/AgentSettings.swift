import BPF
package import Dataplane
package import Logging
internal import Model
package import Resources

/// The Felix parameters that this agent acts on, split by what a change of them takes.
package struct AgentSettings: Hashable, Sendable {
    /// A change needs a new process: the agent ends with status 129, as Felix does.
    package struct Fixed: Hashable, Sendable {
        package var healthEnabled: Bool
        package var healthHost: String
        package var healthPort: Int
        package var metricsEnabled: Bool
        package var metricsHost: String
        package var metricsPort: Int
        package var interfacePrefix: String
        package var dataInterfacePattern: String
        package var conntrackSize: Int?
        package var routeProtocol: Int
        /// Of the host's routes to its pods.
        package var routePriority: Int
        /// `ipForwarding`: the node's parameters for forwarding are ours to set.
        package var forwardsPackets: Bool
        /// `workloadSourceSpoofing`: pods may use the sources that their annotation names.
        package var allowsSourceSpoofing: Bool
    }

    /// Takes effect at once.
    package struct Live: Hashable, Sendable {
        package var logLevel: Logger.Level
        package var dataplane: Settings
        package var logPrefix: String
        package var watchdog: Duration
    }

    package var fixed: Fixed
    package var live: Live

    package init(_ parameters: FelixParameters) {
        fixed = Fixed(parameters)
        live = Live(parameters)
    }
}

extension AgentSettings.Fixed {
    /// Names of the members that differ.
    func differences(from other: Self) -> [String] {
        zip(Mirror(reflecting: self).children, Mirror(reflecting: other).children)
            .filter { "\($0.value)" != "\($1.value)" }
            .compactMap(\.0.label)
    }

    fileprivate init(_ parameters: FelixParameters) {
        healthEnabled = parameters.bool("healthEnabled")
        healthHost = parameters.text("healthHost") ?? "localhost"
        healthPort = Int(parameters.integer("healthPort") ?? 9099)
        metricsEnabled = parameters.bool("prometheusMetricsEnabled")
        let host = parameters.text("prometheusMetricsHost") ?? ""
        metricsHost = host.isEmpty ? "0.0.0.0" : host
        metricsPort = Int(parameters.integer("prometheusMetricsPort") ?? 9091)
        interfacePrefix = parameters.text("interfacePrefix") ?? "cali"
        dataInterfacePattern =
            parameters.text("bpfDataIfacePattern") ?? Configuration.defaultDataInterfacePattern
        // The maps of a default size follow the ABI, which is not Calico's.
        let isSized = parameters.source(of: "bpfMapSizeConntrack") != "default"
        conntrackSize = isSized ? parameters.integer("bpfMapSizeConntrack").map { Int($0) } : nil
        routeProtocol = Int(parameters.integer("deviceRouteProtocol") ?? 3)
        routePriority = Int(parameters.integer("ipv4NormalRoutePriority") ?? 1024)
        forwardsPackets = parameters.text("ipForwarding")?.lowercased() != "disabled"
        allowsSourceSpoofing = parameters.text("workloadSourceSpoofing")?.lowercased() == "any"
    }
}

extension AgentSettings.Live {
    /// A second and CPU: more than a person reads, less than a flood can hurt with.
    private static let dropEvents: UInt32 = 100

    fileprivate init(_ parameters: FelixParameters) {
        logLevel =
            parameters.text("logSeverityScreen").flatMap { Logger.Level(severity: $0) } ?? .info
        let action: Settings.HostAction =
            switch parameters.text("defaultEndpointToHostAction")?.lowercased() {
            case "accept": .accept
            case "return": .return
            default: .drop
            }
        let revoked: Settings.RevokedFlowAction =
            switch parameters.text("revokedFlowAction")?.lowercased() {
            case "reset": .reset
            case "allow": .allow
            default: .drop
            }
        dataplane = Settings(
            endpointToHost: action,
            dropEvents: Self.dropEvents,
            vxlanPort: UInt16(clamping: parameters.integer("vxlanPort") ?? 4789),
            allowsVXLAN: parameters.bool("allowVXLANPacketsFromWorkloads"),
            allowsIPIP: parameters.bool("allowIPIPPacketsFromWorkloads"),
            dropsInvalid: !parameters.bool("disableConntrackInvalidCheck"),
            revokedFlowAction: revoked,
            failsafes: Failsafe.all(in: parameters),
            xdpModes: XDPMode.all(in: parameters)
        )
        logPrefix = parameters.text("logPrefix") ?? "calico-packet"
        watchdog = parameters.duration("dataplaneWatchdogTimeout") ?? .seconds(90)
    }
}

extension Failsafe {
    fileprivate static func all(in parameters: FelixParameters) -> Set<Failsafe> {
        func ports(_ name: String, _ direction: Direction) -> [Failsafe] {
            parameters.hostPorts(name).filter { $0.port > 0 }.map {
                Failsafe(direction, $0.protocol, $0.port, net: $0.net)
            }
        }
        return Set(ports("failsafeInboundHostPorts", .ingress))
            .union(ports("failsafeOutboundHostPorts", .egress))
    }
}

extension XDPMode {
    /// Generic XDP, off in Calico, is off here when it is said to be: it costs a packet that is dropped
    /// no more than tc.
    fileprivate static func all(in parameters: FelixParameters) -> [XDPMode] {
        guard parameters.bool("xdpEnabled") else { return [] }
        let isGenericOff =
            parameters.source(of: "genericXDPEnabled") != "default"
            && !parameters.bool("genericXDPEnabled")
        return isGenericOff ? [.native] : [.native, .generic]
    }
}

extension Configuration {
    /// What the dataplane is told once.
    init(_ settings: AgentSettings, root: String) {
        var sizes: [MapName: Int] = [:]
        if let size = settings.fixed.conntrackSize { sizes[.conns] = size }
        self.init(
            root: root,
            dataInterfacePattern: settings.fixed.dataInterfacePattern,
            workloadPrefix: settings.fixed.interfacePrefix,
            mapSizes: sizes,
            settings: settings.live.dataplane
        )
    }
}
