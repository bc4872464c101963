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

    package var endpointToHost: HostAction
    /// One event for each dropped packet.
    package var reportsDrops: Bool
    package var vxlanPort: UInt16
    /// `allowVXLANPacketsFromWorkloads`.
    package var allowsVXLAN: Bool
    /// `allowIPIPPacketsFromWorkloads`.
    package var allowsIPIP: Bool
    /// Not `disableConntrackInvalidCheck`: TCP without SYN of no known connection is dropped.
    package var dropsInvalid: Bool

    /// Calico's defaults.
    package init(
        endpointToHost: HostAction = .drop,
        reportsDrops: Bool = false,
        vxlanPort: UInt16 = 4789,
        allowsVXLAN: Bool = false,
        allowsIPIP: Bool = false,
        dropsInvalid: Bool = true
    ) {
        self.endpointToHost = endpointToHost
        self.reportsDrops = reportsDrops
        self.vxlanPort = vxlanPort
        self.allowsVXLAN = allowsVXLAN
        self.allowsIPIP = allowsIPIP
        self.dropsInvalid = dropsInvalid
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
        self.init(
            endpoint_to_host: action.rawValue,
            drop_events: settings.reportsDrops ? 1 : 0,
            vxlan_port: UInt32(settings.vxlanPort),
            allow_vxlan: settings.allowsVXLAN ? 1 : 0,
            allow_ipip: settings.allowsIPIP ? 1 : 0,
            conntrack_invalid_check: settings.dropsInvalid ? 1 : 0,
            pad: 0
        )
    }
}
