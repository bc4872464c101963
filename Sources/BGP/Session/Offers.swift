import BGPMessage

/// The capabilities of a peer's OPEN, sorted out (RFC 5492); what is unknown is passed over.
struct Offers {
    var families: [AddressFamily] = []
    var fourOctetAS: UInt32?
    var hasExtendedMessages = false
    var hasRouteRefresh = false
    var hasEnhancedRouteRefresh = false
    var extendedNextHop: [AddressFamily] = []
    var sendsPaths: [AddressFamily] = []
    var receivesPaths: [AddressFamily] = []
    var roles: [Role] = []
    private var gracefulRestart: GracefulRestartCapability?
    private var longLived: [LongLivedFamily] = []

    init(_ capabilities: [Capability]) {
        for capability in capabilities { add(capability) }
    }

    private mutating func add(_ capability: Capability) {
        switch capability {
        case .multiprotocol(let family): families.append(family)
        case .fourOctetAS(let number): fourOctetAS = number
        case .extendedMessage: hasExtendedMessages = true
        case .routeRefresh: hasRouteRefresh = true
        case .enhancedRouteRefresh: hasEnhancedRouteRefresh = true
        case .extendedNextHop(let entries):
            extendedNextHop = entries.filter { $0.nextHopAFI == 2 }.map(\.family)
        case .addPath(let entries):
            sendsPaths = entries.filter(\.sends).map(\.family)
            receivesPaths = entries.filter(\.receives).map(\.family)
        case .role(let role): roles.append(role)
        case .gracefulRestart(let restart): gracefulRestart = restart
        case .longLivedGracefulRestart(let entries): longLived = entries
        case .unknown: break
        }
    }

    /// The peer's restarts, when it can do them and names a family (RFC 4724 §3).
    func restart(_ configuration: GracefulRestartConfiguration) -> PeerRestart? {
        guard let gracefulRestart, !gracefulRestart.families.isEmpty else { return nil }
        var restart = PeerRestart(
            restartTime: gracefulRestart.restartTime,
            isRestarting: gracefulRestart.isRestarting,
            hasNotificationSupport: configuration.hasNotificationSupport
                && gracefulRestart.hasNotificationSupport,
            preservesForwarding: [:],
            longLivedStaleTimes: [:]
        )
        for entry in gracefulRestart.families {
            restart.preservesForwarding[entry.family] = entry.preservesForwarding
        }
        // RFC 9494 §4.2: of no use without the capability above.
        for entry in longLived where restart.preservesForwarding[entry.family] != nil {
            restart.longLivedStaleTimes[entry.family] = entry.staleTime
        }
        return restart
    }
}

extension Session {
    /// Our OPEN (RFC 4271 §4.2), with all capabilities we have to offer.
    var openMessage: OpenMessage {
        OpenMessage(
            // RFC 6793 §9: AS_TRANS stands for what does not fit two octets.
            autonomousSystem: UInt16(exactly: configuration.localAS) ?? OpenMessage.asTrans,
            holdTime: configuration.holdTime,
            identifier: configuration.localIdentifier,
            capabilities: isWithoutCapabilities ? [] : capabilities
        )
    }

    private var capabilities: [Capability] {
        let families = configuration.families
        var result = families.map { Capability.multiprotocol($0.family) }
        result += [.routeRefresh, .enhancedRouteRefresh, .fourOctetAS(configuration.localAS)]
        if configuration.hasExtendedMessages { result.append(.extendedMessage) }
        let nextHops = families.filter(\.hasExtendedNextHop).map(\.family)
        if !nextHops.isEmpty {
            result.append(.extendedNextHop(nextHops.map { ExtendedNextHop($0) }))
        }
        let paths = families.filter { $0.sendsAdditionalPaths || $0.receivesAdditionalPaths }
        if !paths.isEmpty {
            result.append(
                .addPath(
                    paths.map {
                        AddPathFamily(
                            $0.family,
                            receives: $0.receivesAdditionalPaths,
                            sends: $0.sendsAdditionalPaths
                        )
                    }
                )
            )
        }
        if let role = configuration.role, !configuration.isInternal {
            result.append(.role(role.role))
        }
        return result + restartCapabilities
    }

    private var restartCapabilities: [Capability] {
        guard let restart = configuration.gracefulRestart else { return [] }
        let families = configuration.families
        let graceful = GracefulRestartCapability(
            isRestarting: restart.isRestarting,
            hasNotificationSupport: restart.hasNotificationSupport,
            restartTime: min(restart.restartTime, 4095),
            families: families.map {
                GracefulRestartCapability.Entry(
                    $0.family,
                    preservesForwarding: $0.preservesForwarding
                )
            }
        )
        let longLived = families.filter { $0.longLivedStaleTime > 0 }
        guard !longLived.isEmpty else { return [.gracefulRestart(graceful)] }
        let entries = longLived.map {
            LongLivedFamily(
                $0.family,
                preservesForwarding: $0.preservesForwarding,
                staleTime: min($0.longLivedStaleTime, 0xff_ffff)
            )
        }
        return [.gracefulRestart(graceful), .longLivedGracefulRestart(entries)]
    }
}
