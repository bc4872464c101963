import BFD
import BGPMessage
import BGPRIB
import BGPSession
import BGPSpeaker
import Foundation
import Model
import Support
import Testing

/// Sessions with other implementations, each in a namespace of its own; what counts is what they
/// say that they have.
@Suite(.serialized, .enabled(if: TestPlatform.hasNamespaces, "network namespaces need root"))
enum Interop {}

private enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case bird = "BIRD"
    case frr = "FRR"
    case gobgp = "GoBGP"
    case openbgpd = "OpenBGPD"
    case exabgp = "ExaBGP"

    var testDescription: String { rawValue }

    func start(_ lab: Lab, peerAS: Int) throws -> any Daemon {
        switch self {
        case .bird: try Bird(lab, peerAS: peerAS)
        case .frr: try FRR(lab, peerAS: peerAS)
        case .gobgp: try GoBGP(lab, peerAS: peerAS)
        case .openbgpd: try OpenBGPD(lab, peerAS: peerAS)
        case .exabgp: try ExaBGP(lab, peerAS: peerAS)
        }
    }
}

extension Interop {
    @Suite struct Routes {
        @Test(arguments: Kind.allCases, [65001, 65002])
        private func `IPv4 and IPv6 routes go both ways over an IPv4 session`(
            kind: Kind,
            localAS: Int
        ) async throws {
            let lab = try Lab()
            let daemon = try kind.start(lab, peerAS: localAS)
            let ours = try Ours(in: lab)
            let peer = Setting.peer(as: UInt32(localAS))
            await ours.speaker.configure(
                Setting.configuration(as: UInt32(localAS), peers: ["peer": peer])
            )
            if let gobgp = daemon as? GoBGP {
                try await eventually(within: .seconds(20), true) {
                    (try? gobgp.announce()) != nil
                }
            }
            if daemon.tells {
                try await eventually(within: .seconds(30), Setting.ourRoutes) {
                    try daemon.learnt()
                }
            }
            var theirs = DaemonRoutes.theirs
            // OpenBGPD gives external peers of an IPv4 session ::1 as IPv6 next hop, which is
            // refused here as it is by BIRD.
            if kind != .openbgpd || localAS == 65001 { theirs.formUnion(DaemonRoutes.theirsV6) }
            try await eventually(within: .seconds(20), theirs) { await ours.learnt() }

            // What is taken back goes there, too.
            await ours.speaker.configure(
                Setting.configuration(as: UInt32(localAS), peers: ["peer": peer]) {
                    $0.announcements.removeAll { $0.prefix.family == .v6 }
                }
            )
            let rest = Setting.ourRoutes.filter { !$0.contains(":") }
            if daemon.tells {
                try await eventually(within: .seconds(20), rest) { try daemon.learnt() }
            }
            #expect(await ours.speaker.status(of: PeerName("peer"))?.establishedCount == 1)
        }
    }

    @Suite struct WithBird {
        private func pair(
            _ lab: Lab,
            options: String = "",
            extra: String = "",
            _ change: (inout PeerSettings) -> Void = { _ in }
        ) async throws -> (Bird, Ours) {
            let bird = try Bird(lab, peerAS: 65002, options: options, extra: extra)
            let ours = try Ours(in: lab)
            let peer = Setting.peer(as: 65002, Setting.theirs, change)
            await ours.speaker.configure(
                Setting.configuration(as: 65002, peers: ["peer": peer])
            )
            try await eventually(within: .seconds(20), Setting.ourRoutes) { try bird.learnt() }
            return (bird, ours)
        }

        @Test func `segments are signed, and a wrong password is nobody's`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await pair(lab, options: "password \"secret\";") {
                $0.password = "secret"
            }
            await ours.speaker.configure(
                Setting.configuration(
                    as: 65002,
                    peers: ["peer": Setting.peer(as: 65002) { $0.password = "wrong" }]
                )
            )
            try await eventually(within: .seconds(20), []) { try bird.learnt() }
            await ours.speaker.configure(
                Setting.configuration(
                    as: 65002,
                    peers: ["peer": Setting.peer(as: 65002) { $0.password = "secret" }]
                )
            )
            try await eventually(within: .seconds(30), Setting.ourRoutes) { try bird.learnt() }
        }

        @Test func `GTSM holds on both sides`() async throws {
            let lab = try Lab()
            _ = try await pair(lab, options: "ttl security on;") {
                $0.distance = .secured(hops: 1)
            }
        }

        @Test func `communities arrive as they were given`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await pair(lab)
            var attributes = PathAttributes()
            attributes.add(Community(65002, 7))
            attributes.add(LargeCommunity(65002, 1, 2))
            let route = LocalRoute(try #require(Prefix("203.0.113.0/24")), attributes: attributes)
            await ours.speaker.configure(
                Setting.configuration(as: 65002, peers: ["peer": Setting.peer(as: 65002)]) {
                    $0.announcements = [route]
                }
            )
            try await eventually(within: .seconds(20), true) {
                let text = try bird.details("203.0.113.0/24")
                return text.contains("(65002,7)") && text.contains("(65002, 1, 2)")
            }
        }

        @Test func `routes outlive a killed BIRD, and go when it stays away`() async throws {
            let lab = try Lab()
            let options = "graceful restart on; graceful restart time 6;"
            let (_, ours) = try await pair(lab, options: options)
            let theirs = DaemonRoutes.theirs.union(DaemonRoutes.theirsV6)
            try await eventually(theirs) { await ours.learnt() }
            lab.stopDaemons(SIGKILL)
            try await eventually(within: .seconds(5), false) {
                await ours.state() == .established
            }
            #expect(await ours.learnt() == theirs)
            try await eventually(within: .seconds(15), []) { await ours.learnt() }
        }

        @Test func `routes outlive a killed BIRD that comes back`() async throws {
            let lab = try Lab()
            let options = "graceful restart on; graceful restart time 60;"
            let (bird, ours) = try await pair(lab, options: options)
            let theirs = DaemonRoutes.theirs.union(DaemonRoutes.theirsV6)
            try await eventually(theirs) { await ours.learnt() }
            lab.stopDaemons(SIGKILL)
            try await eventually(within: .seconds(5), false) {
                await ours.state() == .established
            }
            try bird.run("\(lab.folder)/bird.conf", recovers: true)
            try await eventually(within: .seconds(20), Setting.ourRoutes) { try bird.learnt() }
            #expect(await ours.learnt() == theirs)
        }

        @Test func `BIRD keeps our routes while we restart`() async throws {
            let lab = try Lab()
            let options = "graceful restart aware;"
            let (bird, first) = try await pair(lab, options: options)
            await first.speaker.leave()
            try await eventually(within: .seconds(10), true) {
                try !bird.ask("show protocols caracal").contains("Established")
            }
            #expect(try bird.learnt() == Setting.ourRoutes)
            let second = try Ours(in: lab)
            let peer = Setting.peer(as: 65002) { $0.session.gracefulRestart?.isRestarting = true }
            await second.speaker.configure(
                Setting.configuration(as: 65002, peers: ["peer": peer]) { $0.deferralTime = 30 }
            )
            try await eventually(within: .seconds(20), .established) { await second.state() }
            #expect(try bird.learnt() == Setting.ourRoutes)
            try await eventually(within: .seconds(20), true) {
                try bird.details("203.0.113.0/24").contains("caracal")
            }
            #expect(try bird.learnt() == Setting.ourRoutes)
        }

        @Test func `several paths go both ways`() async throws {
            let lab = try Lab()
            let bird = try Bird(
                lab,
                peerAS: 65002,
                ipv4: "add paths on;"
            )
            let ours = try Ours(in: lab)
            let peer = Setting.peer(as: 65002) {
                $0.session.families[0].sendsAdditionalPaths = true
                $0.session.families[0].receivesAdditionalPaths = true
            }
            let prefix = try #require(Prefix("203.0.113.0/24"))
            await ours.speaker.configure(
                Setting.configuration(as: 65002, peers: ["peer": peer]) {
                    var second = LocalRoute(prefix, id: 1)
                    second.attributes.add(Community(65002, 1))
                    $0.announcements = [LocalRoute(prefix), second]
                }
            )
            try await eventually(within: .seconds(20), 2) {
                let text = (try? bird.ask("show route for 203.0.113.0/24 all")) ?? ""
                return text.components(separatedBy: "BGP.origin").count - 1
            }
        }

        @Test func `a route refresh brings everything again`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await pair(lab)
            let before = await ours.speaker.status(of: PeerName("peer"))?.counters.messagesSent
            _ = try bird.ask("reload in caracal")
            try await eventually(within: .seconds(10), true) {
                let now = await ours.speaker.status(of: PeerName("peer"))?.counters.messagesSent
                return (now ?? 0) >= (before ?? 0) + 3
            }
            #expect(try bird.learnt() == Setting.ourRoutes)
            await ours.speaker.reset(PeerName("peer"), isSoft: true)
            #expect(await ours.state() == .established)
        }

        @Test func `a shutdown tells its reason`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await pair(lab)
            await ours.speaker.configure(
                Setting.configuration(
                    as: 65002,
                    peers: ["peer": Setting.peer(as: 65002) { $0.shutdown = "moving house" }]
                )
            )
            try await eventually(within: .seconds(10), []) { try bird.learnt() }
            #expect(try bird.ask("show protocols all caracal").contains("dministrative shutdown"))
        }

        @Test func `a drain marks all routes before they go`() async throws {
            let lab = try Lab()
            let (bird, ours) = try await pair(lab)
            await ours.speaker.drain()
            try await eventually(within: .seconds(10), true) {
                try bird.details("203.0.113.0/24").contains("(65535,0)")
            }
        }

        @Test func `BFD takes a dead peer down in under a second`() async throws {
            let lab = try Lab()
            let (_, ours) = try await pair(
                lab,
                options: "bfd on;",
                extra: "protocol bfd { interface \"*\" { interval 100 ms; multiplier 3; }; }"
            ) {
                $0.bfd = .init(desiredMinTransmit: 100_000, requiredMinReceive: 100_000)
            }
            try await eventually(within: .seconds(15), .up) {
                await ours.speaker.bfdState(of: PeerName("peer"))
            }
            try lab.cut()
            try await eventually(within: .milliseconds(900), false) {
                await ours.state() == .established
            }
        }

        @Test func `sessions run over IPv6`() async throws {
            let lab = try Lab()
            let bird = try Bird(
                lab,
                peerAS: 65002,
                ends: ("fd99::1", "fd99::2")
            )
            let ours = try Ours(in: lab)
            let peer = Setting.peer(as: 65002, Setting.theirsV6)
            await ours.speaker.configure(Setting.configuration(as: 65002, peers: ["peer": peer]))
            try await eventually(within: .seconds(20), Setting.ourRoutes) { try bird.learnt() }
        }
    }
}
