// Inventory §10: parameters of the dataplane as a whole.

extension FelixParameter {
    static let dataplane: [FelixParameter] = [
        // Dataplane: Common
        FelixParameter("allowIPIPPacketsFromWorkloads", .bool, "false"),
        FelixParameter("allowVXLANPacketsFromWorkloads", .bool, "false"),
        FelixParameter("cgroupV2Path", .text(.any), ""),
        FelixParameter("chainInsertMode", .words(["Append", "Insert"]), "Insert"),
        FelixParameter("dataplaneDriver", .text(.any), "calico-iptables-plugin"),
        FelixParameter("dataplaneWatchdogTimeout", .duration, "1m30s"),
        FelixParameter(
            "defaultEndpointToHostAction",
            .words(["Accept", "Drop", "Return"]),
            "Drop"
        ),
        FelixParameter("deviceRouteProtocol", .integer(Int64.min...Int64.max), "3"),
        FelixParameter("deviceRouteSourceAddress", .text(.addressV4), ""),
        FelixParameter("deviceRouteSourceAddressIPv6", .text(.addressV6), ""),
        FelixParameter("disableConntrackInvalidCheck", .bool, "false"),
        FelixParameter("endpointStatusPathPrefix", .text(.any), "/var/run/calico"),
        FelixParameter("externalNodesList", named: "ExternalNodesCIDRList", .texts(.cidrV4), ""),
        FelixParameter(
            "failsafeInboundHostPorts",
            .hostPorts,
            "tcp:22,udp:68,tcp:179,tcp:2379,tcp:2380,tcp:5473,tcp:6443,tcp:6666,tcp:6667"
        ),
        FelixParameter(
            "failsafeOutboundHostPorts",
            .hostPorts,
            "udp:53,udp:67,tcp:179,tcp:2379,tcp:2380,tcp:5473,tcp:6443,tcp:6666,tcp:6667"
        ),
        FelixParameter("floatingIPs", .exactWords(["Disabled", "Enabled"]), "Disabled"),
        FelixParameter("ipForwarding", .exactWords(["Disabled", "Enabled"]), "Enabled"),
        FelixParameter("ipv4ElevatedRoutePriority", .integer(1...2_147_483_646), "512"),
        FelixParameter("ipv4NormalRoutePriority", .integer(1...2_147_483_646), "1024"),
        FelixParameter("ipv6ElevatedRoutePriority", .integer(1...2_147_483_646), "512"),
        FelixParameter("ipv6NormalRoutePriority", .integer(1...2_147_483_646), "1024"),
        FelixParameter("interfaceExclude", .text(.any), "kube-ipvs0"),
        FelixParameter("interfacePrefix", .text(.any), "cali"),
        FelixParameter("interfaceRefreshInterval", .duration, "1m30s"),
        FelixParameter("ipv6Support", .bool, "true"),
        FelixParameter("istioAmbientMode", .exactWords(["Disabled", "Enabled"]), "Disabled"),
        FelixParameter("istioDSCPMark", .text(.any), "23"),
        FelixParameter("liveMigrationRouteConvergenceTime", .duration, "30s"),
        FelixParameter(
            "localSubnetL2Reachability",
            .exactWords(["Disabled", "PodsAndLoadBalancers"]),
            "Disabled"
        ),
        FelixParameter("localSubnetL2ReachabilityRefreshInterval", .duration, "2m0s"),
        FelixParameter(
            "mtuIfacePattern",
            .text(.regularExpression),
            "^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)"
        ),
        FelixParameter("natOutgoingAddress", .text(.addressV4), ""),
        FelixParameter(
            "natOutgoingExclusions",
            .exactWords(["IPPoolsAndHostIPs", "IPPoolsOnly"]),
            "IPPoolsOnly"
        ),
        FelixParameter("natPortRange", .portRange, "0"),
        FelixParameter("nftablesFlowTableDataIfacePattern", .text(.regularExpression), ""),
        FelixParameter("nftablesFlowTableOffload", .exactWords(["All", "Disabled"]), "Disabled"),
        FelixParameter("nftablesMode", .exactWords(["Auto", "Disabled", "Enabled"]), "Auto"),
        FelixParameter("netlinkTimeout", named: "NetlinkTimeoutSecs", .duration, "10s"),
        FelixParameter("policySyncPathPrefix", .text(.any), ""),
        FelixParameter(
            "programClusterRoutes",
            .exactWords(["Disabled", "Enabled", "EnabledIPIPOnly", "EnabledNoEncapOnly"]),
            "EnabledIPIPOnly"
        ),
        FelixParameter("removeExternalRoutes", .bool, "true"),
        FelixParameter("requireMTUFile", .bool, "false"),
        FelixParameter("routeRefreshInterval", .duration, "1m30s"),
        FelixParameter("routeSource", .words(["CalicoIPAM", "WorkloadIPs"]), "CalicoIPAM"),
        FelixParameter("routeSyncDisabled", .bool, "false"),
        FelixParameter("routeTableRange", .tableRange, ""),
        FelixParameter("routeTableRanges", .tableRanges, ""),
        FelixParameter("serviceLoopPrevention", .words(["Disabled", "Drop", "Reject"]), "Drop"),
        FelixParameter("sidecarAccelerationEnabled", .bool, "false"),
        FelixParameter("useInternalDataplaneDriver", .bool, "true"),
        FelixParameter("workloadSourceSpoofing", .words(["Any", "Disabled"]), "Disabled"),
    ]
}
