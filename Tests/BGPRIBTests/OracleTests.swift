import BGPMessage
import BGPRIB
import Model
import Support
import Testing

/// Random lives of a RIB, beside one that works everything out from scratch.
@Suite struct OracleTests {
    /// A RIB, its oracle, and the ends of its sessions.
    struct Pair: ~Copyable {
        var rib: RIB
        var oracle: Oracle
        var ids: [PeerID] = []
        var receivers: [PeerID: Receiver] = [:]
        var random: SeededRandom

        init(seed: UInt64, addPath: Bool) {
            random = SeededRandom(seed: seed)
            var configuration = RIBConfiguration(identifier: 0x0a00_0001)
            configuration.clusterID = 0x0a00_0001
            rib = RIB(configuration)
            oracle = Oracle(configuration)
            for number in 0..<7 {
                let isExternal = number < 3
                var peer = PeerConfiguration(
                    address: Address(v4: 0x0a00_0100 + UInt32(number)),
                    remoteAS: isExternal ? 65_001 + UInt32(number / 2) : 65_000,
                    localAS: 65_000
                )
                peer.isReflectorClient = number >= 5
                peer.ownNextHopV4 = NextHop(Address(v4: 0x0a00_00fe))
                let id = rib.add(peer)
                ids.append(id)
                oracle.peers[id] = Oracle.Neighbour(configuration: peer)
            }
            self.addPath = addPath
        }

        let addPath: Bool

        static let prefixes = (0..<12).compactMap {
            Prefix(Address(v4: 0x0b00_0000 + UInt32($0) << 16), length: 16)
        }

        mutating func step() throws {
            let id = random.pick(ids)
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<9: announce(id)
            case 9..<12: withdraw(id)
            case 12: open(id)
            case 13: if random.oneIn(3) { close(id) }
            case 14: local()
            case 15: if random.oneIn(3) { reconfigure(id) }
            case 16: resolve()
            case 17: if random.oneIn(3) { sweep(id) }
            case 18: rib.repeatRoutes(id, .v4)
            default: try tell(id)
            }
            if random.oneIn(4) { _ = rib.settle(limit: Int.random(in: 1...8, using: &random)) }
            if random.oneIn(7) { rib.tidy() }
        }

        private mutating func attributes(_ peer: PeerConfiguration) -> PathAttributes {
            let path = random.some(upTo: 2) { $0.pick([65_000, 7, 8, 9]) as UInt32 }
            var attributes = PathAttributes(
                origin: random.pick([.igp, .incomplete]),
                asPath: ASPath(sequence: (peer.isExternal ? [peer.remoteAS] : []) + path),
                nextHop: NextHop(
                    Address(v4: 0x0a00_0200 + UInt32.random(in: 0...3, using: &random))
                )
            )
            if !peer.isExternal { attributes.localPreference = random.pick([100, 100, 200]) }
            if random.oneIn(2) { attributes.multiExitDiscriminator = random.pick([1, 2, 3]) }
            attributes.communities = random.some(upTo: 1) {
                $0.pick([Community(1, 1), .noExport, .noAdvertise, .gracefulShutdown])
            }
            if !peer.isExternal, random.oneIn(4) {
                attributes.originatorID = random.pick([0x0a00_0001, 0x0a00_0077])
                attributes.clusterList = random.some(upTo: 2) {
                    $0.pick([0x0a00_0001, 3, 4]) as UInt32
                }
            }
            return attributes
        }

        private mutating func announce(_ id: PeerID) {
            guard let peer = oracle.peers[id], peer.session != nil else { return open(id) }
            let attributes = attributes(peer.configuration)
            let list = random.some(upTo: 4) { $0.pick(Self.prefixes) }.map {
                NLRI($0, pathID: addPath ? UInt32.random(in: 0...1, using: &random) : 0)
            }
            guard !list.isEmpty else { return }
            rib.receive(UpdateMessage(attributes: attributes, nlri: list), from: id)
            for one in list {
                let key = Oracle.Key(prefix: one.prefix, peer: id, pathID: one.pathID)
                oracle.routes[key] = Oracle.Stored(attributes: attributes)
            }
        }

        private mutating func withdraw(_ id: PeerID) {
            guard oracle.peers[id]?.session != nil else { return }
            let prefix = random.pick(Self.prefixes)
            rib.receive(UpdateMessage(withdrawn: [NLRI(prefix)]), from: id)
            oracle.routes[Oracle.Key(prefix: prefix, peer: id, pathID: 0)] = nil
        }

        mutating func open(_ id: PeerID) {
            guard oracle.peers[id]?.session == nil else { return }
            let identifier = 0x0a00_0300 + UInt32(id.rawValue)
            var context = MessageContext()
            if addPath, id.rawValue % 2 == 0 { context.addPath = .v4 }
            if id.rawValue % 3 == 0 { context.hasFourOctetAS = false }
            let session = PeerSession(identifier: identifier, families: .v4, sending: context)
            rib.open(id, session)
            oracle.peers[id]?.session = session
            oracle.peers[id]?.identifier = identifier
            receivers[id] = Receiver(context)
        }

        private mutating func close(_ id: PeerID) {
            guard oracle.peers[id]?.session != nil else { return }
            let isRetained = random.oneIn(2)
            rib.close(id, retaining: isRetained ? .v4 : [])
            oracle.peers[id]?.session = nil
            receivers[id] = nil
            for key in oracle.routes.keys where key.peer == id {
                if isRetained {
                    oracle.routes[key]?.isStale = true
                } else {
                    oracle.routes[key] = nil
                }
            }
        }

        private mutating func sweep(_ id: PeerID) {
            rib.sweepStale(id, .v4)
            oracle.routes = oracle.routes.filter { $0.key.peer != id || !$0.value.isStale }
        }

        private mutating func local() {
            let prefix = random.pick(Self.prefixes)
            let key = Oracle.Key(prefix: prefix, peer: .local, pathID: 0)
            if random.oneIn(2) {
                rib.withdraw(prefix)
                oracle.routes[key] = nil
                return
            }
            let attributes = PathAttributes(localPreference: random.pick([100, 300]))
            let preference: UInt8 = random.pick([50, 200])
            rib.announce(LocalRoute(prefix, attributes: attributes, preference: preference))
            oracle.routes[key] = Oracle.Stored(attributes: attributes, preference: preference)
        }

        private mutating func policy() -> RoutePolicy? {
            guard !random.oneIn(3), let all = Prefix("11.0.0.0/13") else { return nil }
            let action: RoutePolicy.Action? = random.pick([.accept, .reject, nil])
            let operations: [RoutePolicy.Operation] = [
                random.pick([
                    .addCommunity(.standard(Community(5, 5))), .setLocalPreference(150),
                    .addCommunity(.standard(.noExport)),
                ])
            ]
            return RoutePolicy(
                [RoutePolicy.Rule([.prefix(.init(all))], operations: operations, action: action)],
                otherwise: random.pick([.accept, .accept, .reject])
            )
        }

        private mutating func reconfigure(_ id: PeerID) {
            guard var peer = oracle.peers[id]?.configuration else { return }
            peer.importPolicy = policy()
            peer.exportPolicy = policy()
            peer.allowedOwnAS = Int.random(in: 0...1, using: &random)
            rib.update(id, peer)
            oracle.peers[id]?.configuration = peer
        }

        private mutating func resolve() {
            let address = Address(v4: 0x0a00_0200 + UInt32.random(in: 0...3, using: &random))
            if random.oneIn(3) {
                rib.resolve(address, .unreachable)
                oracle.unreachable.insert(address)
            } else {
                rib.resolve(address, .reachable(cost: 0, interface: nil))
                oracle.unreachable.remove(address)
            }
        }

        mutating func tell(_ id: PeerID) throws {
            guard receivers[id] != nil else { return }
            try receivers[id]?.take(rib.tell(id, budget: 1))
        }

        mutating func drain() throws {
            _ = rib.settle()
            for id in ids {
                while rib.hasPending(id) { try receivers[id]?.take(rib.tell(id)) }
            }
            rib.tidy()
        }

        private func describe(_ attributes: PathAttributes?) -> String {
            guard let attributes else { return "nothing" }
            return
                "\(attributes.asPath) \(attributes.origin) \(attributes.localPreference ?? 0) MED "
                + "\(attributes.multiExitDiscriminator ?? 0) \(attributes.communities) from "
                + "\(attributes.originatorID ?? 0) by \(attributes.clusterList) via "
                + "\(attributes.nextHop?.description ?? "-")"
        }

        func check(_ seed: UInt64) {
            for id in ids {
                guard let receiver = receivers[id] else { continue }
                #expect(receiver.groundless == 0 || addPath, "seed \(seed): \(id)")
                if receiver.context.addPath.isEmpty {
                    let told = receiver.single
                    let due = oracle.told(id)
                    for prefix in Set(told.keys).union(due.keys) where told[prefix] != due[prefix] {
                        Issue.record(
                            "seed \(seed): \(id) has of \(prefix) \(describe(told[prefix])), not \(describe(due[prefix]))"
                        )
                    }
                    #expect(told.count == rib.counters(id, .v4).advertised, "seed \(seed): \(id)")
                } else {
                    let told = Dictionary(grouping: receiver.routes) { $0.key.prefix }
                        .mapValues { Set($0.map(\.value)) }
                    #expect(told == oracle.toldPaths(id), "seed \(seed): \(id)")
                }
            }
            for prefix in Self.prefixes {
                #expect(
                    rib.best(prefix)?.source == oracle.best(of: oracle.paths(to: prefix))?.key.peer,
                    "seed \(seed): \(prefix)"
                )
            }
            for id in ids {
                let mine = oracle.routes.filter { $0.key.peer == id }
                #expect(rib.counters(id, .v4).received == mine.count, "seed \(seed): \(id)")
                #expect(
                    rib.counters(id, .v4).stale == mine.values.filter(\.isStale).count,
                    "seed \(seed): \(id)"
                )
            }
        }
    }

    @Test(arguments: 0..<60, [false, true])
    func `whatever happens in whatever order, all are told what follows from it`(
        _ seed: Int,
        _ addPath: Bool
    ) throws {
        var pair = Pair(seed: UInt64(seed), addPath: addPath)
        for round in 0..<6 {
            for _ in 0..<(20 + round * 20) { try pair.step() }
            try pair.drain()
            pair.check(UInt64(seed))
        }
    }

    @Test func `nothing is left when all have gone`() throws {
        var pair = Pair(seed: 5, addPath: false)
        for _ in 0..<300 { try pair.step() }
        for prefix in Pair.prefixes { pair.rib.withdraw(prefix) }
        for id in pair.ids { pair.rib.close(id) }
        try pair.drain()
        #expect(pair.rib.attributeSetCount == 0)
        for id in pair.ids { #expect(pair.rib.counters(id, .v4) == PeerCounters()) }
    }
}
