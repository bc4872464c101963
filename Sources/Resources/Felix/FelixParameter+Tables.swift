// Inventory §10: parameters of iptables and nftables, which Caracal reads and does not use.

extension FelixParameter {
    static let tables: [FelixParameter] = [
        // Dataplane: iptables
        FelixParameter("ipsetsRefreshInterval", .duration, "1m30s"),
        FelixParameter("iptablesBackend", .words(["Auto", "Legacy", "NFT"]), "auto"),
        FelixParameter("iptablesFilterAllowAction", .words(["Accept", "Return"]), "Accept"),
        FelixParameter("iptablesFilterDenyAction", .words(["Drop", "Reject"]), "Drop"),
        FelixParameter(
            "iptablesLockProbeInterval",
            named: "IptablesLockProbeIntervalMillis",
            .duration,
            "50ms"
        ),
        FelixParameter("iptablesMangleAllowAction", .words(["Accept", "Return"]), "Accept"),
        FelixParameter("iptablesMarkMask", .mask, "0xffff0000"),
        FelixParameter("iptablesNATOutgoingInterfaceFilter", .text(.interfaceFilter), ""),
        FelixParameter(
            "iptablesPostWriteCheckInterval",
            named: "IptablesPostWriteCheckIntervalSecs",
            .duration,
            "5s"
        ),
        FelixParameter("iptablesRefreshInterval", .duration, "3m0s"),
        FelixParameter("kubeNodePortRanges", .ports, "30000:32767"),
        FelixParameter("maxIpsetSize", .integer(Int64.min...Int64.max), "1048576"),
        // Dataplane: nftables
        FelixParameter("nftablesFilterAllowAction", .words(["Accept", "Return"]), "Accept"),
        FelixParameter("nftablesFilterDenyAction", .words(["Drop", "Reject"]), "Drop"),
        FelixParameter("nftablesMangleAllowAction", .words(["Accept", "Return"]), "Accept"),
        FelixParameter("nftablesMarkMask", .mask, "0xffff0000"),
        FelixParameter("nftablesRefreshInterval", .duration, "3m0s"),
    ]
}
