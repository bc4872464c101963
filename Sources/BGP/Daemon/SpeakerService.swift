internal import Agent
internal import BGPConfiguration
internal import BGPMessage
internal import BGPRIB
internal import BGPSession
internal import BGPSpeaker
internal import Control
internal import IPAM
internal import JSON
internal import Model
internal import Routing

/// A running speaker with the node's configuration: what it learns goes to the kernel as the
/// configuration says, and who asks is told.
actor SpeakerService {
    let kernel: KernelRoutesLoop
    private let speaker: Speaker
    private let keeper: LearntRouteKeeper
    private let isRestarting: Bool
    private var configuration: NodeBGPConfiguration?
    /// Routes to peers by `reachableBy`.
    private var gateways: [Prefix: LearntRoute] = [:]
    private(set) var configured = Timestamp.now()

    init(
        speaker: Speaker,
        keeper: LearntRouteKeeper,
        kernel: KernelRoutesLoop,
        isRestarting: Bool
    ) {
        self.speaker = speaker
        self.keeper = keeper
        self.kernel = kernel
        self.isRestarting = isRestarting
    }

    // MARK: Configuration

    /// Takes another configuration; sessions that it does not concern stay untouched.
    func configure(_ new: NodeBGPConfiguration) async {
        let old = configuration
        configuration = new
        configured = Timestamp.now()
        await writeGateways(new)
        await speaker.configure(SpeakerConfiguration(new, isRestarting: isRestarting))
        for family in Family.allCases
        where old.map({ $0[family].judgesOtherwise(new[family]) }) ?? false {
            await write(await speaker.bestRoutes(of: family))
        }
    }

    private func writeGateways(_ new: NodeBGPConfiguration) async {
        var wanted: [Prefix: LearntRoute] = [:]
        for family in [new.ipv4, new.ipv6] {
            for route in family.staticRoutes {
                guard case .via(let gateway) = route.action else { continue }
                wanted[route.net] = LearntRoute(
                    via: [Gateway(gateway)],
                    priority: family.normalPriority
                )
            }
        }
        var changes: [Prefix: LearntRoute?] = [:]
        for prefix in gateways.keys where wanted[prefix] == nil { changes[prefix] = .some(nil) }
        for (prefix, route) in wanted where gateways[prefix] != route { changes[prefix] = route }
        gateways = wanted
        if !changes.isEmpty { await kernel.take(changes) }
    }

    // MARK: Learnt routes

    /// Brings what the speaker learns into the kernel until it has stopped.
    func followLearnt() async {
        while !Task.isCancelled {
            let changes = await speaker.nextLearnt()
            guard !changes.isEmpty else { return }
            await write(changes)
        }
    }

    private func write(_ changes: [BestChange]) async {
        guard let configuration else { return }
        var routes: [Prefix: LearntRoute?] = [:]
        routes.reserveCapacity(changes.count)
        for change in changes where gateways[change.prefix] == nil {
            let route = change.best.flatMap {
                Self.route(change.prefix, $0, configuration[change.prefix.family])
            }
            routes[change.prefix] = .some(route)
        }
        await kernel.take(routes)
    }

    private static func route(
        _ prefix: Prefix,
        _ best: BestRoute,
        _ family: FamilyConfiguration
    ) -> LearntRoute? {
        guard best.source != .local else { return nil }
        let priority = best.priority ?? family.normalPriority
        let hops = (best.nextHop.map { [$0.address] } ?? []) + best.furtherNextHops.map(\.address)
        let allowed = hops.filter {
            family.kernelVerdict(prefix, via: $0, priority: priority) == .write
        }
        guard !allowed.isEmpty else { return nil }
        return LearntRoute(via: Set(allowed).sorted().map { Gateway($0) }, priority: priority)
    }

    // MARK: Questions

    /// Answers what `caracalctl bgp` asks.
    func answer(_ request: ControlRequest) async -> ControlResponse {
        switch request.verb {
        case "peers": return .success(await report().json)
        case "routes":
            var paths: [JSONValue] = []
            let names = await speaker.peerNames()
            for family in Family.allCases {
                let routes = await speaker.routes(of: family, limit: 200_000)
                paths += routes.filter(\.isUsed).map { $0.json(names) }
            }
            return .success(["routes": .array(paths)])
        case "route", "explain":
            guard let prefix = request.body["prefix"]?.string.flatMap({ Prefix($0) }) else {
                return .failure(ControlFailure(code: 2, message: "expected a prefix"))
            }
            return .success(await paths(to: prefix))
        default:
            return .failure(ControlFailure(code: 1, message: "unknown verb \(request.verb)"))
        }
    }

    /// Of an address, the paths of the longest prefix around it.
    private func paths(to asked: Prefix) async -> JSONValue {
        let names = await speaker.peerNames()
        var length = asked.length
        while length >= 0 {
            if let prefix = Prefix(asked.address, length: length) {
                let explanation = await speaker.explain(prefix)
                if !explanation.paths.isEmpty {
                    return ["paths": .array(explanation.paths.map { $0.json(names) })]
                }
            }
            guard asked.isSingleAddress else { break }
            length -= 1
        }
        return ["paths": []]
    }

    func report() async -> SpeakerReport {
        guard let configuration else {
            return SpeakerReport(node: "", routerID: Address(v4: 0), localAS: 0)
        }
        var report = SpeakerReport(
            node: configuration.node,
            routerID: configuration.routerID,
            localAS: configuration.localAS
        )
        report.problems = configuration.problems
        let state = await keeper.state
        report.installed = state.installed
        report.refused = state.refused
        report.unreachable = state.unreachable
        let statuses = Dictionary(
            await speaker.status().map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for peer in configuration.ipv4.sessions + configuration.ipv6.sessions {
            report.peers.append(PeerReport(peer, statuses[peer.name]))
        }
        return report
    }
}

extension FamilyConfiguration {
    /// Whether learnt routes may now be judged otherwise.
    fileprivate func judgesOtherwise(_ other: Self) -> Bool {
        kernelNets != other.kernelNets || blocks != other.blocks
            || wireguardPeers != other.wireguardPeers || normalPriority != other.normalPriority
    }
}

extension PeerReport {
    fileprivate init(_ peer: BGPPeerConfiguration, _ status: PeerStatus?) {
        guard let status else {
            self.init(peer, .idle, reason: "waits for its password")
            return
        }
        var counts: [Family: Counts] = [:]
        for (family, routes) in status.routes {
            guard let unicast = family.unicast else { continue }
            counts[unicast] = Counts(
                received: routes.received,
                accepted: routes.accepted,
                advertised: routes.advertised
            )
        }
        self.init(
            peer,
            State.allCases[status.state.rawValue],
            inState: status.inState,
            reason: status.lastReason,
            establishedCount: status.establishedCount,
            counts: counts
        )
    }
}

extension RIBRoute {
    fileprivate func json(_ names: [PeerID: PeerName]) -> JSONValue {
        let attributes = accepted ?? received
        var json: JSONValue = [
            "prefix": .string("\(prefix)"),
            "from": .string(peer == .local ? "this node" : names[peer]?.rawValue ?? "\(peer)"),
            "nextHops": .array(attributes.nextHop.map { [.string("\($0.address)")] } ?? []),
            "asPath": .array(
                attributes.asPath.segments.flatMap(\.numbers).map { .int(Int64($0)) }
            ),
            "communities": .array(
                attributes.communities.map { .string("\($0)") }
                    + attributes.largeCommunities.map { .string("\($0)") }
            ),
        ]
        json["metric"] = attributes.priority.map { .int(Int64($0)) }
        json["localPreference"] = attributes.localPreference.map { .int(Int64($0)) }
        if isStale { json["stale"] = true }
        return json
    }
}

extension Explanation.Path {
    fileprivate func json(_ names: [PeerID: PeerName]) -> JSONValue {
        var json = route.json(names)
        if route.ineligibility != .none {
            json["why"] = .string("takes no part: \(route.ineligibility)")
        } else if let lost {
            json["why"] = .string("lost by \(lost)")
        }
        return json
    }
}
