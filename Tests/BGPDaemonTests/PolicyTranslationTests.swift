import BGPConfiguration
import BGPDaemon
import BGPMessage
import JSON
import Model
import Resources
import Testing

@testable import BGPRIB

/// The RIB's policies against the plain reading of the resources, over every combination of what
/// rules look at.
@Suite("filters in the RIB's words")
struct PolicyTranslationTests {
    private static func calico(_ kind: String, _ name: String, _ spec: String) throws -> Resource {
        Resource(.calico(kind), version: "v3", name: name, spec: try .init(parsing: spec))
    }

    private static func family(_ filter: String, asNumber: Int) throws -> (
        FamilyConfiguration, BGPPeerConfiguration
    ) {
        var cluster = BGPCluster()
        for (kind, name, spec) in [
            ("Node", "a", #"{"bgp": {"ipv4Address": "10.0.0.1/24"}}"#),
            (
                "BlockAffinity", "b",
                #"{"cidr": "192.168.0.0/26", "node": "a", "state": "confirmed"}"#
            ),
            ("IPPool", "p", #"{"cidr": "192.168.0.0/16"}"#),
            ("IPPool", "q", #"{"cidr": "192.168.9.0/24", "disableBGPExport": true}"#),
            (
                "BGPConfiguration", "default",
                """
                {"serviceClusterIPs": [{"cidr": "172.16.0.0/16"}], "prefixAdvertisements":
                 [{"cidr": "192.168.0.0/16", "communities": ["65000:1", "65000:1:2"]}]}
                """
            ),
            ("BGPFilter", "f", filter),
            (
                "BGPPeer", "p",
                #"{"peerIP": "10.9.0.1", "asNumber": \#(asNumber), "filters": ["f"]}"#
            ),
        ] {
            cluster.set(try calico(kind, name, spec))
        }
        let family = cluster.configuration(of: "a").ipv4
        return (family, try #require(family.peers.last))
    }

    private static let filters = [
        "{}",
        """
        {"importV4": [{"action": "Reject", "cidr": "192.168.0.0/16", "matchOperator": "NotIn"},
          {"action": "Accept", "peerType": "iBGP", "operations": [{"setPriority": {"value": 9}}]},
          {"action": "Reject", "priority": 512}],
         "exportV4": [{"action": "Reject", "source": "RemotePeers", "interface": "eth*"},
          {"action": "Accept", "communities": {"values": ["1:2"]}, "operations":
            [{"addCommunity": {"value": "3:4:5"}}, {"prependASPath": {"prefix": [7, 7]}}]}]}
        """,
        """
        {"importV4": [{"action": "Accept", "cidr": "192.168.0.0/16", "matchOperator": "In",
           "prefixLength": {"min": 26, "max": 26}}, {"action": "Reject", "asPathPrefix": [7]}],
         "exportV4": [{"action": "Reject", "cidr": "192.168.0.0/26", "matchOperator": "NotEqual"}]}
        """,
    ]

    private static let routes: [PolicyRoute] = {
        var routes: [PolicyRoute] = []
        let nets = [
            "192.168.0.0/26", "192.168.0.5/32", "192.168.7.0/26", "192.168.9.0/26",
            "172.16.0.0/16", "172.16.0.1/32", "44.0.0.0/8",
        ]
        for net in nets.compactMap({ Prefix($0) }) {
            for isFromPeer in [true, false] {
                for interface in [nil, "eth0", "vxlan.calico"] {
                    for priority in [512, 1024, 2048] as [UInt32] {
                        for (communities, path) in [
                            ([], []), ([.standard(1, 2)], [7, 8]),
                        ] as [(Set<Resources.Community>, [UInt32])] {
                            routes.append(
                                PolicyRoute(
                                    net,
                                    isFromPeer: isFromPeer,
                                    interface: interface,
                                    communities: communities,
                                    path: path,
                                    priority: priority
                                )
                            )
                        }
                    }
                }
            }
        }
        return routes
    }()

    @Test(arguments: filters, [64512, 65000])
    func agrees(_ filter: String, asNumber: Int) throws {
        let (family, peer) = try Self.family(filter, asNumber: asNumber)
        let plain = PeerPolicy(family, peer: peer)
        let imports = RoutePolicy(importing: peer, family)
        let exports = RoutePolicy(exporting: peer, family)
        for route in Self.routes {
            #expect(
                Self.outcome(imports, route, peer) == plain.imported(route),
                "import of \(route)"
            )
            #expect(
                Self.outcome(exports, route, peer) == plain.exported(route),
                "export of \(route)"
            )
        }
    }

    /// What the RIB's policy makes of a route, read back.
    private static func outcome(
        _ policy: RoutePolicy,
        _ route: PolicyRoute,
        _ peer: BGPPeerConfiguration
    ) -> PolicyRoute? {
        let subject = PolicySubject(
            prefix: route.prefix,
            isLocal: !route.isFromPeer,
            interface: route.interface,
            peerType: peer.isInternal ? .internal : .external
        )
        var attributes = PathAttributes(asPath: ASPath().prepending(route.path))
        attributes.priority = route.priority
        for community in route.communities {
            guard case .standard(let high, let low) = community else { continue }
            attributes.communities.append(BGPMessage.Community(high, low))
        }
        let verdict = policy.verdict(on: subject, attributes)
        guard verdict.isAccepted else { return nil }
        for operation in verdict.operations { attributes.apply(operation) }
        var result = route
        result.priority = attributes.priority
        result.path = attributes.asPath.segments.flatMap(\.numbers)
        let standard = attributes.communities.map {
            Resources.Community.standard(
                UInt16($0.rawValue >> 16),
                UInt16($0.rawValue & 0xffff)
            )
        }
        let large = attributes.largeCommunities.map {
            Resources.Community.large($0.administrator, $0.local1, $0.local2)
        }
        result.communities = Set(standard + large)
        return result
    }
}
