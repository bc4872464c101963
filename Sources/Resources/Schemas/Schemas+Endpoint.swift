import JSON

// Inventory §2.2: endpoints and nodes.

extension Schemas {
    static let hostEndpoint: Shape = [
        "node!": .exactText(.name),
        "interfaceName": .text(.interfaceOrAll),
        "expectedIPs": .texts(.address),
        "profiles": .texts(.name),
        "ports": .list([
            "name!": .exactText(.portName),
            "protocol!": .scalar(.portProtocol),
            "port!": .port,
        ]),
    ]

    static let workloadEndpoint: Shape = [
        "orchestrator": .string,
        "workload": .string,
        "node": .text(.name),
        "containerID": .text(.containerID),
        "pod": .text(.name),
        "endpoint": .text(.interface),
        "serviceAccountName": .text(.name),
        "ipNetworks": .texts(.singleNet),
        "ipNATs": .list(["internalIP!": .text(.address), "externalIP!": .text(.address)]),
        "ipv4Gateway": .text(.addressV4),
        "ipv6Gateway": .text(.addressV6),
        "profiles": .texts(.name),
        "interfaceName": .text(.interface),
        "mac": .text(.mac),
        "ports": .list([
            "name": .text(.portName),
            "protocol!": .scalar(.portProtocol),
            "port!": .port,
            "hostPort": .portOrNone,
            "hostIP": .string,
        ]),
        "allowSpoofedSourcePrefixes": .texts(.cidr),
        "qosControls": .any,
    ]

    static let liveMigration: Shape = [
        "source": ["workload": .any, "workloadEndpoint": .any],
        "target": ["selector": .text(.anySelector), "workloadEndpoint": .any],
    ]

    static let node: Shape = [
        "bgp": [
            "asNumber": .scalar(.asNumber),
            "ipv4Address": .text(.cidrV4),
            "ipv6Address": .text(.cidrV6),
            "ipv4IPIPTunnelAddr": .text(.addressV4),
            "routeReflectorClusterID": .text(.addressV4),
        ],
        "ipv4VXLANTunnelAddr": .text(.addressV4),
        "vxlanTunnelMACAddr": .text(.mac),
        "ipv6VXLANTunnelAddr": .text(.addressV6),
        "vxlanTunnelMACAddrV6": .text(.mac),
        "orchRefs": .list(["nodeName": .string, "orchestrator!": .string]),
        "wireguard": [
            "interfaceIPv4Address": .text(.addressV4),
            "interfaceIPv6Address": .text(.addressV6),
        ],
        "addresses": .list([
            "address!": .text(.cidr),
            "type": .words("CalicoNodeIP", "InternalIP", "ExternalIP"),
        ]),
        "interfaces": .list(["name": .string, "addresses": .texts(.cidr)]),
    ]

    static let calicoNodeStatus: Shape = [
        "node": .text(.name),
        "classes": .list(.exactWords("Agent", "BGP", "Routes"), isUnique: true),
        "updatePeriodSeconds": .integer(0...86400),
    ]
}
