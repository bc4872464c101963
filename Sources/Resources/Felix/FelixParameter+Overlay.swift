// Inventory §10: parameters of overlays, OpenStack, flow logs and debugging.

extension FelixParameter {
    static let overlay: [FelixParameter] = [
        // Dataplane: Windows
        FelixParameter(
            "windowsManageFirewallRules",
            .exactWords(["Disabled", "Enabled"]),
            "Disabled"
        ),
        // Dataplane: OpenStack support
        FelixParameter(
            "endpointReportingDelay",
            named: "EndpointReportingDelaySecs",
            .duration,
            "1s"
        ),
        FelixParameter("endpointReportingEnabled", .bool, "false"),
        FelixParameter("metadataAddr", .text(.any), "127.0.0.1"),
        FelixParameter("metadataPort", .integer(0...65535), "8775"),
        FelixParameter("openstackRegion", .text(.any), ""),
        FelixParameter("reportingInterval", named: "ReportingIntervalSecs", .duration, "30s"),
        FelixParameter("reportingTTL", named: "ReportingTTLSecs", .duration, "1m30s"),
        // Dataplane: XDP acceleration for iptables dataplane
        FelixParameter("genericXDPEnabled", .bool, "false"),
        FelixParameter("xdpEnabled", .bool, "true"),
        FelixParameter("xdpRefreshInterval", .duration, "1m30s"),
        // Overlay: VXLAN overlay
        FelixParameter("vxlanEnabled", .bool, ""),
        FelixParameter("vxlanMTU", .integer(Int64.min...Int64.max), "0"),
        FelixParameter("vxlanMTUV6", .integer(Int64.min...Int64.max), "0"),
        FelixParameter("vxlanPort", .integer(Int64.min...Int64.max), "4789"),
        FelixParameter("vxlanVNI", .integer(Int64.min...Int64.max), "4096"),
        // Overlay: IP-in-IP
        FelixParameter("ipipEnabled", named: "IpInIpEnabled", .bool, ""),
        FelixParameter("ipipMTU", named: "IpInIpMtu", .integer(Int64.min...Int64.max), "0"),
        // Overlay: Wireguard
        FelixParameter("wireguardEnabled", .bool, "false"),
        FelixParameter("wireguardEnabledV6", .bool, "false"),
        FelixParameter("wireguardHostEncryptionEnabled", .bool, "false"),
        FelixParameter("wireguardInterfaceName", .text(.any), "wireguard.cali"),
        FelixParameter("wireguardInterfaceNameV6", .text(.any), "wg-v6.cali"),
        FelixParameter("wireguardListeningPort", .integer(Int64.min...Int64.max), "51820"),
        FelixParameter("wireguardListeningPortV6", .integer(Int64.min...Int64.max), "51821"),
        FelixParameter("wireguardMTU", .integer(Int64.min...Int64.max), "0"),
        FelixParameter("wireguardMTUV6", .integer(Int64.min...Int64.max), "0"),
        FelixParameter(
            "wireguardKeepAlive",
            named: "WireguardPersistentKeepAlive",
            .duration,
            "0s"
        ),
        FelixParameter("wireguardRoutingRulePriority", .integer(Int64.min...Int64.max), "99"),
        FelixParameter("wireguardThreadingEnabled", .bool, "false"),
        // Flow logs: file reports
        FelixParameter("flowLogsCollectorDebugTrace", .bool, "false"),
        FelixParameter("flowLogsFlushInterval", .duration, "5m0s"),
        FelixParameter("flowLogsGoldmaneServer", .text(.any), ""),
        FelixParameter("flowLogsLocalReporter", .exactWords(["Disabled", "Enabled"]), "Disabled"),
        FelixParameter(
            "flowLogsPolicyEvaluationMode",
            .exactWords(["Continuous", "None"]),
            "Continuous"
        ),
        // AWS integration
        FelixParameter(
            "awsSrcDstCheck",
            .exactWords(["Disable", "DoNothing", "Enable"]),
            "DoNothing"
        ),
        // Debug/test-only (generally unsupported)
        FelixParameter(local: "DebugBPFCgroupV2", .text(.any), ""),
        FelixParameter(local: "DebugCPUProfilePath", .text(.any), ""),
        FelixParameter("debugDisableLogDropping", .bool, "false"),
        FelixParameter("debugHost", .text(.any), "localhost"),
        FelixParameter("debugMemoryProfilePath", .text(.any), ""),
        FelixParameter(local: "DebugPanicAfter", .duration, "0"),
        FelixParameter("debugPort", .integer(0...65535), ""),
        FelixParameter("debugSimulateCalcGraphHangAfter", .duration, "0s"),
        FelixParameter(local: "DebugSimulateDataRace", .bool, "false"),
        FelixParameter("debugSimulateDataplaneApplyDelay", .duration, "0s"),
        FelixParameter("debugSimulateDataplaneHangAfter", .duration, "0s"),
        // Usage reporting
        FelixParameter("usageReportingEnabled", .bool, "true"),
        FelixParameter(
            "usageReportingInitialDelay",
            named: "UsageReportingInitialDelaySecs",
            .duration,
            "5m0s"
        ),
        FelixParameter(
            "usageReportingInterval",
            named: "UsageReportingIntervalSecs",
            .duration,
            "24h0m0s"
        ),
    ]
}
