import BGPMessage
import Model
import Testing

/// A message under a name, with what both ends agreed on.
struct Sample: CustomTestStringConvertible {
    let testDescription: String
    let message: Message
    let context: MessageContext

    init(_ name: String, _ message: Message, _ context: MessageContext = MessageContext()) {
        testDescription = name
        self.message = message
        self.context = context
    }
}

extension Sample {
    static let all = opens + updates + others

    private static func open(_ capabilities: [Capability]) -> Message {
        .open(
            OpenMessage(
                autonomousSystem: 64_512,
                holdTime: 90,
                identifier: 0x0a00_0001,
                capabilities: capabilities
            )
        )
    }

    static let capabilities: [Capability] = [
        .multiprotocol(.ipv4Unicast), .multiprotocol(.ipv6Unicast),
        .multiprotocol(AddressFamily(afi: 25, safi: 70)), .routeRefresh,
        .extendedNextHop([ExtendedNextHop(.ipv4Unicast)]), .extendedMessage, .role(.customer),
        .gracefulRestart(
            GracefulRestartCapability(
                isRestarting: true,
                hasNotificationSupport: true,
                restartTime: 4095,
                families: [
                    .init(.ipv4Unicast, preservesForwarding: true),
                    .init(.ipv6Unicast, preservesForwarding: false),
                ]
            )
        ),
        .fourOctetAS(4_200_000_000),
        .addPath([
            AddPathFamily(.ipv4Unicast, receives: true, sends: true),
            AddPathFamily(.ipv6Unicast, receives: true, sends: false),
        ]),
        .enhancedRouteRefresh,
        .longLivedGracefulRestart([
            LongLivedFamily(.ipv4Unicast, preservesForwarding: true, staleTime: 0xff_ffff)
        ]),
        .unknown(code: 73, value: [1, 2, 3]), .unknown(code: 128, value: []),
    ]

    private static let opens = [
        Sample("OPEN with nothing", open([])),
        Sample("OPEN with all capabilities", open(capabilities)),
        Sample(
            "OPEN with extended parameters",
            open((0..<5).map { .unknown(code: 200 + $0, value: Array(repeating: $0, count: 100)) })
        ),
    ]

    static let attributes = {
        var attributes = PathAttributes(
            origin: .incomplete,
            asPath: ASPath([
                .init(.sequence, [64_512, 4_200_000_000, 65_001]), .init(.set, [1, 2]),
            ]),
            nextHop: NextHop(Address(v4: 0x0a00_0002)),
            localPreference: 200
        )
        attributes.multiExitDiscriminator = 7
        attributes.isAtomicAggregate = true
        attributes.aggregator = Aggregator(autonomousSystem: 4_200_000_000, identifier: 9)
        attributes.communities = [Community(1, 2), .noExport]
        attributes.originatorID = 0x0a00_0003
        attributes.clusterList = [1, 2, 3]
        attributes.extendedCommunities = [ExtendedCommunity(rawValue: 0x0002_0001_0000_0002)]
        attributes.largeCommunities = [LargeCommunity(1, 2, 3), LargeCommunity(1, 3, 0)]
        attributes.onlyToCustomer = 65_000
        attributes.unknown = [
            UnknownAttribute(type: 99, value: [1, 2, 3], isPartial: true),
            UnknownAttribute(type: 250, value: Array(repeating: 5, count: 300), isPartial: true),
        ]
        return attributes
    }()

    static let plain = PathAttributes(
        asPath: ASPath(sequence: [1]),
        nextHop: NextHop(Address(v4: 0x0a00_0002))
    )

    static func routes(_ texts: String..., pathID: UInt32 = 0) -> [NLRI] {
        texts.compactMap { Prefix($0).map { NLRI($0, pathID: pathID) } }
    }

    private static let six = NextHop(Address(high: 0x2001_0db8 << 32, low: 1))
    private static let sixPair = NextHop(
        Address(high: 0x2001_0db8 << 32, low: 1),
        linkLocal: Address(high: 0xfe80 << 48, low: 2)
    )
    private static let paths = MessageContext(addPath: [.v4, .v6])
    private static let four = routes("0.0.0.0/0", "10.0.0.0/8", "192.0.2.1/32", "10.128.0.0/9")

    private static let updates = [
        Sample("UPDATE with nothing", .update(UpdateMessage())),
        Sample("UPDATE that withdraws", .update(UpdateMessage(withdrawn: four))),
        Sample(
            "UPDATE with all attributes",
            .update(UpdateMessage(withdrawn: four, attributes: attributes, nlri: four))
        ),
        Sample(
            "UPDATE to a 2-octet speaker",
            .update(UpdateMessage(attributes: attributes, nlri: four)),
            MessageContext(hasFourOctetAS: false)
        ),
        Sample(
            "UPDATE with paths",
            .update(
                UpdateMessage(
                    withdrawn: routes("10.0.0.0/8", pathID: 3),
                    attributes: plain,
                    nlri: routes("10.0.0.0/8", "10.0.0.0/9", pathID: 4)
                )
            ),
            paths
        ),
        Sample(
            "UPDATE with IPv6 routes",
            .update(multiprotocol(.v6, six, "2001:db8::/32", "::/0"))
        ),
        Sample(
            "UPDATE with a link-local next hop",
            .update(multiprotocol(.v6, sixPair, "fd00::/8"))
        ),
        Sample("UPDATE with IPv4 over IPv6", .update(multiprotocol(.v4, sixPair, "10.0.0.0/8"))),
        Sample(
            "UPDATE with IPv4 in the attribute",
            .update(multiprotocol(.v4, NextHop(Address(v4: 0x0a00_0002)), "10.0.0.0/8")),
            paths
        ),
        Sample("End-of-RIB for IPv4", .update(UpdateMessage(endOfRIB: .ipv4Unicast))),
        Sample("End-of-RIB for IPv6", .update(UpdateMessage(endOfRIB: .ipv6Unicast))),
        Sample(
            "End-of-RIB for another family",
            .update(UpdateMessage(endOfRIB: AddressFamily(afi: 25, safi: 70)))
        ),
    ]

    private static func multiprotocol(
        _ family: Family,
        _ nextHop: NextHop,
        _ prefixes: String...
    ) -> UpdateMessage {
        var own = attributes
        own.nextHop = nil
        let list = prefixes.compactMap { Prefix($0).map { NLRI($0) } }
        return UpdateMessage(
            attributes: own,
            multiprotocolReach: MultiprotocolReach(family, nextHop: nextHop, nlri: list),
            multiprotocolUnreach: MultiprotocolUnreach(AddressFamily(family), withdrawn: list)
        )
    }

    private static let others =
        [
            Sample("KEEPALIVE", .keepalive),
            Sample("NOTIFICATION", .notification(NotificationMessage(.holdTimerExpired))),
            Sample(
                "NOTIFICATION with text",
                .notification(.cease(.administrativeShutdown, text: "drain, back at 10:00"))
            ),
            Sample(
                "NOTIFICATION of a code unknown",
                .notification(NotificationMessage(code: 77, subcode: 3, data: [1]))
            ),
        ]
        + [RouteRefreshMessage.Kind.request, .begin, .end, .unknown(9)].map {
            Sample("ROUTE-REFRESH \($0)", .routeRefresh(RouteRefreshMessage(.ipv6Unicast, $0)))
        }
}
