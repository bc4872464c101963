package import BPF
import CBPFABI
import Model

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
            pad: (0, 0, 0, 0, 0, 0, 0),
            no_failsafe: Self.rests(without: settings.failsafes)
        )
    }
}

extension cara_settings {
    /// The words of `no_failsafe`.
    typealias Rests = (
        UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64
    )

    /// Which rests of ports divided by 256 none of some failsafes has, by direction.
    private static func rests(without failsafes: Set<Failsafe>) -> Rests {
        var rests: Rests = (.max, .max, .max, .max, .max, .max, .max, .max)
        withUnsafeMutableBytes(of: &rests) { bytes in
            let words = bytes.bindMemory(to: UInt64.self)
            for failsafe in failsafes {
                let direction = failsafe.direction == .ingress ? CARA_INGRESS : CARA_EGRESS
                let rest = Int(failsafe.port % 256)
                words[Int(direction.rawValue) * 4 + rest / 64] &= ~(1 << UInt64(rest % 64))
            }
        }
        return rests
    }

    /// These settings while failsafe ports are exchanged for those of `other`: nothing is said of a port that
    /// either has.
    func bridging(to other: cara_settings) -> cara_settings {
        var bridge = self
        withUnsafeMutableBytes(of: &bridge.no_failsafe) { bytes in
            withUnsafeBytes(of: other.no_failsafe) { others in
                for index in bytes.indices { bytes[index] &= others[index] }
            }
        }
        return bridge
    }
}
