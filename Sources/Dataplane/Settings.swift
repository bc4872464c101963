package import BPF
import CBPFABI

/// What may change while the programs run, as `FelixConfiguration` names it.
package struct Settings: Hashable, Sendable {
    /// `defaultEndpointToHostAction`: what becomes of a workload's packet to its own node once its
    /// egress policy allowed it.
    package enum HostAction: Hashable, Sendable {
        case drop
        case accept
        case `return`
    }

    /// `revokedFlowAction`: what becomes of a connection that a change of policy allows no more.
    package enum RevokedFlowAction: Hashable, Sendable {
        /// Its next packet is dropped.
        case drop
        /// The same, and both ends of a TCP connection get a reset.
        case reset
        /// It lives on: only first packets are judged, as Calico does it.
        case allow
    }

    package var endpointToHost: HostAction
    /// Events about dropped packets, a second and CPU at most; more are counted, but not told.
    package var dropEvents: UInt32
    package var vxlanPort: UInt16
    /// `allowVXLANPacketsFromWorkloads`.
    package var allowsVXLAN: Bool
    /// `allowIPIPPacketsFromWorkloads`.
    package var allowsIPIP: Bool
    /// Not `disableConntrackInvalidCheck`: TCP without SYN of no known connection is dropped.
    package var dropsInvalid: Bool
    package var revokedFlowAction: RevokedFlowAction
    package var failsafes: Set<Failsafe>
    /// Where doNotTrack policy may run ahead of tc, the best first: `xdpEnabled`,
    /// `genericXDPEnabled`.
    package var xdpModes: [XDPMode]

    /// Calico's defaults, but for XDP: ours takes the kernel's own where the driver has none.
    package init(
        endpointToHost: HostAction = .drop,
        dropEvents: UInt32 = 0,
        vxlanPort: UInt16 = 4789,
        allowsVXLAN: Bool = false,
        allowsIPIP: Bool = false,
        dropsInvalid: Bool = true,
        revokedFlowAction: RevokedFlowAction = .drop,
        failsafes: Set<Failsafe> = Failsafe.defaults,
        xdpModes: [XDPMode] = XDPMode.allCases
    ) {
        self.endpointToHost = endpointToHost
        self.dropEvents = dropEvents
        self.vxlanPort = vxlanPort
        self.allowsVXLAN = allowsVXLAN
        self.allowsIPIP = allowsIPIP
        self.dropsInvalid = dropsInvalid
        self.revokedFlowAction = revokedFlowAction
        self.failsafes = failsafes
        self.xdpModes = xdpModes
    }
}

extension cara_settings {
    init(_ settings: Settings) {
        let action =
            switch settings.endpointToHost {
            case .drop: CARA_HOST_DROP
            case .accept: CARA_HOST_ACCEPT
            case .return: CARA_HOST_RETURN
            }
        let revoked =
            switch settings.revokedFlowAction {
            case .drop: CARA_REVOKED_DROP
            case .reset: CARA_REVOKED_RESET
            case .allow: CARA_REVOKED_ALLOW
            }
        self.init(
            endpoint_to_host: action.rawValue,
            drop_events: settings.dropEvents,
            vxlan_port: UInt32(settings.vxlanPort),
            allow_vxlan: settings.allowsVXLAN ? 1 : 0,
            allow_ipip: settings.allowsIPIP ? 1 : 0,
            conntrack_invalid_check: settings.dropsInvalid ? 1 : 0,
            revoked: UInt8(truncatingIfNeeded: revoked.rawValue),
            has_hosts: 0,
            pad: (0, 0, 0)
        )
    }
}
