// Inventory §10: parameters of the eBPF dataplane.

extension FelixParameter {
    static let bpf: [FelixParameter] = [
        // Dataplane: eBPF
        FelixParameter("bpfAttachType", .exactWords(["Netkit", "TC", "TCX"]), "Netkit"),
        FelixParameter("bpfCTLBLogFilter", .text(.any), ""),
        FelixParameter(
            "bpfConnectTimeLoadBalancing",
            .exactWords(["Disabled", "Enabled", "TCP"]),
            "TCP"
        ),
        FelixParameter("bpfConnectTimeLoadBalancingEnabled", .bool, ""),
        FelixParameter(
            "bpfConntrackMode",
            named: "BPFConntrackCleanupMode",
            .exactWords(["Auto", "BPFProgram", "Userspace"]),
            "Auto"
        ),
        FelixParameter("bpfConntrackLogLevel", .words(["Debug", "Off"]), "off"),
        FelixParameter(
            "bpfConntrackTimeouts",
            .pairs,
            "CreationGracePeriod=10s,TCPSynSent=20s,TCPEstablished=1h,TCPFinsSeen=Auto,"
                + "TCPResetSeen=40s,UDPTimeout=60s,GenericTimeout=10m,ICMPTimeout=5s"
        ),
        FelixParameter("bpfDSROptoutCIDRs", .texts(.cidr), ""),
        FelixParameter(
            "bpfDataIfacePattern",
            .text(.regularExpression),
            "^((en|wl|ww|sl|ib)[Popsx].*|(eth|wlan|wwan|bond).*)"
        ),
        FelixParameter("bpfDisableGROForIfaces", .text(.regularExpression), ""),
        FelixParameter("bpfDisableUnprivileged", .bool, "true"),
        FelixParameter("bpfEnabled", .bool, "false"),
        FelixParameter("bpfEnforceRPF", .words(["Disabled", "Loose", "Strict"]), "Loose"),
        FelixParameter("bpfExcludeCIDRsFromNAT", .texts(.cidr), ""),
        FelixParameter("bpfExportBufferSizeMB", .integer(Int64.min...Int64.max), "1"),
        FelixParameter("bpfExtToServiceConnmark", .integer(0...0xffff_ffff), "0"),
        FelixParameter("bpfExternalServiceMode", .words(["DSR", "Tunnel"]), "Tunnel"),
        FelixParameter("bpfForceTrackPacketsFromIfaces", .texts(.interfaceFilter), "docker+"),
        FelixParameter("bpfHostConntrackBypass", .bool, "false"),
        FelixParameter(
            "bpfHostNetworkedNATWithoutCTLB",
            .exactWords(["Disabled", "Enabled"]),
            "Enabled"
        ),
        FelixParameter("bpfIPFragTimeout", .duration, "0s"),
        FelixParameter("bpfIPFragmentReassemblyEnabled", .bool, "true"),
        FelixParameter("bpfJITHardening", .exactWords(["Auto", "Strict"]), "Auto"),
        FelixParameter("bpfKubeProxyHealthzPort", .integer(Int64.min...Int64.max), "10256"),
        FelixParameter("bpfKubeProxyIptablesCleanupEnabled", .bool, "true"),
        FelixParameter("bpfKubeProxyMinSyncPeriod", .duration, "1s"),
        FelixParameter("bpfL3IfacePattern", .text(.regularExpression), ""),
        FelixParameter("bpfLogFilters", .pairs, ""),
        FelixParameter("bpfLogLevel", .words(["Debug", "Info", "Off"]), "Off"),
        FelixParameter("bpfMaglevMaxEndpointsPerService", .integer(1...3000), "100"),
        FelixParameter("bpfMaglevMaxServices", .integer(1...3000), "100"),
        FelixParameter("bpfMapSizeConntrack", .integer(Int64.min...Int64.max), "512000"),
        FelixParameter(
            "bpfMapSizeConntrackCleanupQueue",
            .integer(Int64.min...Int64.max),
            "100000"
        ),
        FelixParameter(
            "bpfMapSizeConntrackScaling",
            .words(["Disabled", "DoubleIfFull"]),
            "DoubleIfFull"
        ),
        FelixParameter("bpfMapSizeIPSets", .integer(Int64.min...Int64.max), "1048576"),
        FelixParameter("bpfMapSizeIfState", .integer(Int64.min...Int64.max), "1000"),
        FelixParameter("bpfMapSizeNATAffinity", .integer(Int64.min...Int64.max), "65536"),
        FelixParameter("bpfMapSizeNATBackend", .integer(Int64.min...Int64.max), "262144"),
        FelixParameter("bpfMapSizeNATFrontend", .integer(Int64.min...Int64.max), "65536"),
        FelixParameter("bpfMapSizePerCpuConntrack", .integer(Int64.min...Int64.max), "0"),
        FelixParameter("bpfMapSizeRoute", .integer(Int64.min...Int64.max), "262144"),
        FelixParameter(
            "bpfOverlayHostSourceIP",
            .exactWords(["HostAddress", "TunnelAddress"]),
            "TunnelAddress"
        ),
        FelixParameter("bpfPSNATPorts", .portRange, "20000:29999"),
        FelixParameter("bpfPolicyDebugEnabled", .bool, "true"),
        FelixParameter("bpfProfiling", .exactWords(["Disabled", "Enabled"]), "Disabled"),
        FelixParameter("bpfRedirectToPeer", .exactWords(["Disabled", "Enabled"]), "Enabled"),
    ]
}
