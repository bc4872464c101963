import JSON

// Inventory §2.2: routing.

extension Schemas {
    private static let priority = Shape.integer(1...2_147_483_646)
    private static let services = Shape.list(["cidr": .text(.net)])

    static let bgpConfiguration: Shape = [
        "logSeverityScreen": logSeverity,
        "nodeToNodeMeshEnabled": .bool,
        "asNumber": .scalar(.asNumber),
        "serviceLoadBalancerIPs": services,
        "serviceExternalIPs": services,
        "serviceClusterIPs": services,
        "serviceLoadBalancerAggregation": .exactWords("Enabled", "Disabled"),
        "communities": .list(
            ["name!": .text(communityName), "value!": .text(.community)],
            max: 500
        ),
        "prefixAdvertisements": .list(
            ["cidr!": .text(.cidr), "communities": .list(.string, max: 50)],
            max: 500
        ),
        "listenPort": .portOrNone,
        "nodeMeshPassword": secretReference,
        "nodeMeshMaxRestartTime": .text(.duration),
        "bindMode": .exactWords("None", "NodeIP"),
        "ignoredInterfaces": .texts(.ignoredInterface),
        "localWorkloadPeeringIPV4": .text(.addressV4),
        "localWorkloadPeeringIPV6": .text(.addressV6),
        "programClusterRoutes": .exactWords(
            "Enabled",
            "Disabled",
            "EnabledIPIPOnly",
            "EnabledNoEncapOnly"
        ),
        "ipv4NormalRoutePriority": priority,
        "ipv6NormalRoutePriority": priority,
    ]

    private static let communityName = TextFormat("a name of at most 253 characters") {
        $0.unicodeScalars.count <= 253
    }

    static let logSeverity = Shape.anyCase("Trace", "Debug", "Info", "Warning", "Error", "Fatal")

    static let bgpPeer: Shape = [
        "node": .text(.name),
        "nodeSelector": .text(.anySelector),
        "peerIP": .text(.peerAddress),
        "peerSelector": .text(.anySelector),
        "localWorkloadSelector": .text(.anySelector),
        "asNumber": .scalar(.asNumber),
        "localASNumber": .scalar(.asNumber),
        "nextHopMode": .exactWords("Auto", "Self", "Keep"),
        "keepOriginalNextHop": .bool,
        "password": secretReference,
        "sourceAddress": .words("UseNodeIP", "None"),
        "maxRestartTime": .text(.duration),
        "keepaliveTime": .text(.duration),
        "numAllowedLocalASNumbers": .count,
        "ttlSecurity": .integer(0...255),
        "reachableBy": .text(.address),
        "filters": .texts(.name),
        "reversePeering": .exactWords("Auto", "Manual"),
    ]

    static let bgpFilter: Shape = [
        "exportV4": .list(filterRule(cidr: .netV4, bits: 32)),
        "importV4": .list(filterRule(cidr: .netV4, bits: 32)),
        "exportV6": .list(filterRule(cidr: .netV6, bits: 128)),
        "importV6": .list(filterRule(cidr: .netV6, bits: 128)),
    ]

    private static func filterRule(cidr: TextFormat, bits: Int64) -> Shape {
        [
            "cidr": .text(cidr),
            "matchOperator": .words("Equal", "NotEqual", "In", "NotIn"),
            "prefixLength": ["min": .integer(0...bits), "max": .integer(0...bits)],
            "source": .words("RemotePeers"),
            "interface": .text(.interfaceGlob),
            "peerType": .words("eBGP", "iBGP"),
            "communities": ["values!": .list(.text(.community), min: 1, max: 1)],
            "asPathPrefix": .list(.scalar(.asNumber)),
            "priority": priority,
            "action!": .exactWords("Accept", "Reject"),
            "operations": .list(operation, max: 10),
        ]
    }

    private static let operation = Shape.oneOf([
        .optional("addCommunity", ["value!": .text(.community)]),
        .optional("prependASPath", ["prefix!": .list(.scalar(.asNumber), min: 1, max: 10)]),
        .optional("setPriority", ["value!": priority]),
    ])
}
