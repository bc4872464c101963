import BGPMessage
import BGPRIB
import Model

/// The RIB as its rules read, slow and from scratch each time: routes in a dictionary, decisions by
/// one filter after the other, exports computed for each peer by itself.
struct Oracle {
    struct Key: Hashable {
        var prefix: Prefix
        var peer: PeerID
        var pathID: UInt32
    }

    struct Stored {
        var attributes: PathAttributes
        var isStale = false
        var preference: UInt8 = 100
    }

    struct Neighbour {
        var configuration: PeerConfiguration
        var session: PeerSession?
        var identifier: UInt32 = 0
    }

    var configuration: RIBConfiguration
    var peers: [PeerID: Neighbour] = [:]
    var routes: [Key: Stored] = [:]
    var unreachable: Set<Address> = []

    init(_ configuration: RIBConfiguration) {
        self.configuration = configuration
    }

    struct Path {
        var key: Key
        var attributes: PathAttributes
        var preference: UInt8
        var isExternal: Bool
        var identifier: UInt32
        var address: Address
    }

    /// What takes part in the decision about a prefix, after import.
    func paths(to prefix: Prefix) -> [Path] {
        routes.compactMap { key, stored in
            guard key.prefix == prefix else { return nil }
            var attributes = stored.attributes
            var preference = stored.preference
            guard key.peer != .local, let peer = peers[key.peer] else {
                return Path(
                    key: key,
                    attributes: attributes,
                    preference: preference,
                    isExternal: true,
                    identifier: configuration.identifier,
                    address: Address(high: 0, low: 0)
                )
            }
            guard admit(&attributes, peer.configuration),
                accept(&attributes, &preference, prefix, peer.configuration)
            else { return nil }
            if let address = attributes.nextHop?.address, unreachable.contains(address) {
                return nil
            }
            return Path(
                key: key,
                attributes: attributes,
                preference: preference,
                isExternal: peer.configuration.isExternal,
                identifier: attributes.originatorID ?? peer.identifier,
                address: peer.configuration.address
            )
        }
    }

    private func admit(_ attributes: inout PathAttributes, _ peer: PeerConfiguration) -> Bool {
        if peer.isExternal {
            attributes.localPreference = attributes.localPreference ?? 100
            if attributes.communities.contains(.gracefulShutdown) { attributes.localPreference = 0 }
        }
        let own = attributes.asPath.segments.flatMap(\.numbers).filter { $0 == peer.localAS }.count
        return own <= peer.allowedOwnAS && attributes.originatorID != configuration.identifier
            && !attributes.clusterList.contains(configuration.clusterID)
    }

    /// Policies of the tests have rules of one condition about prefixes and one operation at most.
    private func accept(
        _ attributes: inout PathAttributes,
        _ preference: inout UInt8,
        _ prefix: Prefix,
        _ peer: PeerConfiguration
    ) -> Bool {
        walk(peer.importPolicy, prefix, &attributes)
    }

    private func walk(
        _ policy: RoutePolicy?,
        _ prefix: Prefix,
        _ attributes: inout PathAttributes
    ) -> Bool {
        guard let policy else { return true }
        for rule in policy.rules {
            guard case .prefix(let match) = rule.conditions.first else { continue }
            guard match.prefix.contains(prefix) else { continue }
            for operation in rule.operations {
                switch operation {
                case .addCommunity(.standard(let community)):
                    attributes.communities = Array(Set(attributes.communities + [community]))
                        .sorted()
                case .setLocalPreference(let value): attributes.localPreference = value
                default: break
                }
            }
            if let action = rule.action { return action == .accept }
        }
        return policy.otherwise == .accept
    }

    /// RFC 4271 §9.1.2.2, one filter after the other.
    func best(of all: [Path]) -> Path? {
        var left = all
        func keep(_ least: (Path) -> Int) {
            let bound = left.map(least).min()
            left = left.filter { least($0) == bound }
        }
        keep { $0.attributes.communities.contains(.longLivedStale) ? 1 : 0 }
        keep { -Int($0.preference) }
        keep { -Int($0.attributes.localPreference ?? 100) }
        keep { $0.attributes.asPath.length }
        keep { Int($0.attributes.origin.rawValue) }
        let before = left
        left = left.filter { one in
            !before.contains {
                $0.attributes.asPath.neighbour == one.attributes.asPath.neighbour
                    && ($0.attributes.multiExitDiscriminator ?? 0)
                        < (one.attributes.multiExitDiscriminator ?? 0)
            }
        }
        keep { $0.isExternal ? 0 : 1 }
        keep { Int($0.identifier) }
        keep { $0.attributes.clusterList.count }
        let address = left.map(\.address).min()
        left = left.filter { $0.address == address }
        keep { Int($0.key.pathID) }
        return left.first
    }

    /// What a peer should have from us by now.
    func told(_ id: PeerID) -> [Prefix: PathAttributes] {
        var result: [Prefix: PathAttributes] = [:]
        for prefix in Set(routes.keys.map(\.prefix)) {
            guard let path = best(of: paths(to: prefix)), path.key.peer != id,
                let attributes = export(path, prefix, to: id)
            else { continue }
            result[prefix] = attributes
        }
        return result
    }

    /// What a peer that takes several paths should have, whatever their numbers.
    func toldPaths(_ id: PeerID) -> [Prefix: Set<PathAttributes>] {
        var result: [Prefix: Set<PathAttributes>] = [:]
        for prefix in Set(routes.keys.map(\.prefix)) {
            for path in paths(to: prefix) where path.key.peer != id {
                guard let attributes = export(path, prefix, to: id) else { continue }
                result[prefix, default: []].insert(attributes)
            }
        }
        return result
    }

    private func export(_ path: Path, _ prefix: Prefix, to id: PeerID) -> PathAttributes? {
        guard let peer = peers[id], let session = peer.session,
            session.families.contains(prefix.family)
        else { return nil }
        var attributes = path.attributes
        let isLocal = path.key.peer == .local
        if attributes.communities.contains(.noAdvertise) { return nil }
        if attributes.communities.contains(.noExport), peer.configuration.isExternal { return nil }
        if attributes.communities.contains(.longLivedStale), !session.isLongLivedCapable {
            return nil
        }
        let isFromInside = !isLocal && !path.isExternal
        if isFromInside, !peer.configuration.isExternal {
            let source = peers[path.key.peer]?.configuration
            guard peer.configuration.isReflectorClient || source?.isReflectorClient == true else {
                return nil
            }
        }
        if peer.configuration.isExternal, !isLocal { attributes.multiExitDiscriminator = nil }
        guard walk(peer.configuration.exportPolicy, prefix, &attributes) else { return nil }
        if peer.configuration.isExternal {
            attributes.asPath =
                ASPath(
                    [.init(.sequence, [peer.configuration.localAS])] + attributes.asPath.segments
                ).joined
            attributes.localPreference = nil
            attributes.originatorID = nil
            attributes.clusterList = []
            attributes.nextHop = peer.configuration.ownNextHopV4
        } else {
            attributes.localPreference = attributes.localPreference ?? 100
            if isFromInside {
                attributes.originatorID =
                    attributes.originatorID ?? peers[path.key.peer]?.identifier
                attributes.clusterList = [configuration.clusterID] + attributes.clusterList
            }
            attributes.nextHop = attributes.nextHop ?? peer.configuration.ownNextHopV4
        }
        return attributes
    }
}

extension ASPath {
    /// Neighbouring sequences as one.
    fileprivate var joined: ASPath {
        var list: [Segment] = []
        for segment in segments {
            if segment.kind == .sequence, let last = list.last, last.kind == .sequence {
                list[list.count - 1].numbers += segment.numbers
            } else {
                list.append(segment)
            }
        }
        return ASPath(list)
    }
}
