import Foundation

/// A peer's own view of what it has: prefixes of its table, whatever their source.
protocol Daemon: Sendable {
    var lab: Lab { get }
    /// Prefixes that it learnt from us.
    func learnt() throws -> Set<String>
    /// It can be asked what it has.
    var tells: Bool { get }
}

extension Daemon {
    var tells: Bool { true }
}

struct DaemonRoutes {
    /// What each daemon announces to us.
    static let theirs: Set<String> = ["192.0.2.0/24", "198.51.100.0/24"]
    static let theirsV6: Set<String> = ["2001:db8:1::/48"]
}

struct Bird: Daemon {
    let lab: Lab
    private var socket: String { "\(lab.folder)/bird.ctl" }

    /// BIRD 2.0.12 with one session, `options` in its block.
    init(
        _ lab: Lab,
        peerAS: Int,
        options: String = "",
        extra: String = "",
        ipv4: String = "",
        ends: (ours: String, theirs: String) = ("10.99.0.1", "10.99.0.2")
    ) throws {
        self.lab = lab
        let path = try lab.file(
            "bird.conf",
            """
            router id 10.99.0.1;
            protocol device {}
            protocol static s4 { ipv4; route 192.0.2.0/24 unreachable; \
            route 198.51.100.0/24 unreachable; }
            protocol static s6 { ipv6; route 2001:db8:1::/48 unreachable; }
            \(extra)
            protocol bgp caracal {
              local \(ends.ours) as 65001;
              neighbor \(ends.theirs) as \(peerAS);
              connect retry time 1; connect delay time 1; error wait time 1, 2;
              ipv4 { \(ipv4) import all; export where source = RTS_STATIC; next hop address 10.99.0.1; };
              ipv6 { import all; export where source = RTS_STATIC; next hop address fd99::1; };
              \(options)
            }
            """
        )
        try run(path)
    }

    /// After a restart it says that it kept forwarding if it is to recover.
    func run(_ path: String, recovers: Bool = false) throws {
        try lab.start(["bird", "-f", "-c", path, "-s", socket] + (recovers ? ["-R"] : []))
    }

    func ask(_ command: String) throws -> String {
        try lab.inPeer(["birdc", "-s", socket] + command.split(separator: " ").map(String.init))
    }

    func learnt() throws -> Set<String> {
        let text = (try? ask("show route protocol caracal")) ?? ""
        return Set(
            text.split(separator: "\n").compactMap { line in
                line.split(separator: " ").first.map(String.init)
            }.filter { $0.contains("/") }
        )
    }

    func details(_ prefix: String) throws -> String { try ask("show route for \(prefix) all") }
}

struct FRR: Daemon {
    let lab: Lab

    init(_ lab: Lab, peerAS: Int, options: String = "", addressFamily: String = "") throws {
        self.lab = lab
        let path = try lab.file(
            "bgpd.conf",
            """
            router bgp 65001
             bgp router-id 10.99.0.1
             no bgp ebgp-requires-policy
             no bgp network import-check
             timers bgp 3 9
             neighbor 10.99.0.2 remote-as \(peerAS)
             neighbor 10.99.0.2 timers connect 1
             neighbor 10.99.0.2 advertisement-interval 0
             \(options)
             address-family ipv4 unicast
              network 192.0.2.0/24
              network 198.51.100.0/24
              \(addressFamily)
             exit-address-family
             address-family ipv6 unicast
              network 2001:db8:1::/48
              neighbor 10.99.0.2 activate
             exit-address-family
            """
        )
        try lab.start([
            "/usr/lib/frr/bgpd", "-S", "-f", path, "-i", "\(lab.folder)/bgpd.pid", "-z",
            "\(lab.folder)/zebra", "--vty_socket", lab.folder, "-A", "127.0.0.1",
        ])
    }

    func ask(_ command: String) throws -> String {
        try lab.inPeer(["vtysh", "--vty_socket", lab.folder, "-d", "bgpd", "-c", command])
    }

    func learnt() throws -> Set<String> {
        var result: Set<String> = []
        for family in ["ipv4", "ipv6"] {
            let text = (try? ask("show bgp \(family) unicast json")) ?? "{}"
            let json = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            for (prefix, paths) in json?["routes"] as? [String: [[String: Any]]] ?? [:]
            where paths.contains(where: { $0["peerId"] as? String == "10.99.0.2" }) {
                result.insert(prefix)
            }
        }
        return result
    }
}

struct GoBGP: Daemon {
    let lab: Lab

    init(_ lab: Lab, peerAS: Int, neighbor: String = "") throws {
        self.lab = lab
        let path = try lab.file(
            "gobgpd.toml",
            """
            [global.config]
              as = 65001
              router-id = "10.99.0.1"
            [[neighbors]]
              [neighbors.config]
                neighbor-address = "10.99.0.2"
                peer-as = \(peerAS)
              [neighbors.timers.config]
                connect-retry = 1
                idle-hold-time-after-reset = 1
              [[neighbors.afi-safis]]
                [neighbors.afi-safis.config]
                  afi-safi-name = "ipv4-unicast"
              [[neighbors.afi-safis]]
                [neighbors.afi-safis.config]
                  afi-safi-name = "ipv6-unicast"
            \(neighbor)
            """
        )
        try lab.start([
            "gobgpd", "-f", path, "--api-hosts", "127.0.0.1:50051", "--pprof-disable",
        ])
    }

    /// Routes are put in once the daemon answers.
    func announce() throws {
        for prefix in DaemonRoutes.theirs.sorted() { try ask("global rib add \(prefix)") }
        for prefix in DaemonRoutes.theirsV6 { try ask("global rib add \(prefix) -a ipv6") }
    }

    @discardableResult
    func ask(_ command: String) throws -> String {
        try lab.inPeer(["gobgp"] + command.split(separator: " ").map(String.init))
    }

    func learnt() throws -> Set<String> {
        var result: Set<String> = []
        for family in ["ipv4", "ipv6"] {
            let text = (try? ask("neighbor 10.99.0.2 adj-in -a \(family) -j")) ?? "{}"
            let json = try? JSONSerialization.jsonObject(with: Data(text.utf8))
            for prefix in (json as? [String: Any] ?? [:]).keys where prefix.contains("/") {
                result.insert(prefix)
            }
            for entry in json as? [[String: Any]] ?? [] {
                if let prefix = entry["prefix"] as? String { result.insert(prefix) }
            }
        }
        return result
    }
}

struct OpenBGPD: Daemon {
    let lab: Lab
    private var socket: String { "\(lab.folder)/bgpd.sock" }

    init(_ lab: Lab, peerAS: Int, options: String = "") throws {
        self.lab = lab
        let path = try lab.file(
            "openbgpd.conf",
            """
            AS 65001
            router-id 10.99.0.1
            fib-update no
            socket "\(lab.folder)/bgpd.sock"
            network 192.0.2.0/24
            network 198.51.100.0/24
            network 2001:db8:1::/48 set nexthop fd99::1
            neighbor 10.99.0.2 {
              remote-as \(peerAS)
              announce IPv4 unicast
              announce IPv6 unicast
              \(options)
            }
            allow from any
            allow to any
            """
        )
        try Shell.run(["chmod", "0600", path])
        try Shell.run(["mkdir", "-p", "/run/openbgpd"])
        try lab.start(["/usr/sbin/bgpd", "-d", "-f", path])
    }

    func ask(_ command: String) throws -> String {
        try lab.inPeer(["bgpctl", "-s", socket] + command.split(separator: " ").map(String.init))
    }

    func learnt() throws -> Set<String> {
        let text = (try? ask("show rib in neighbor 10.99.0.2")) ?? ""
        return Set(
            text.split(separator: "\n").compactMap { line in
                line.split(separator: " ").map(String.init).first { word in
                    word.contains("/") && word.first?.isHexDigit == true
                }
            }
        )
    }
}

/// Announces only: what it gets it keeps to itself.
struct ExaBGP: Daemon {
    let lab: Lab

    init(_ lab: Lab, peerAS: Int, routes: String = "") throws {
        self.lab = lab
        let path = try lab.file(
            "exabgp.conf",
            """
            neighbor 10.99.0.2 {
              router-id 10.99.0.1;
              local-address 10.99.0.1;
              local-as 65001;
              peer-as \(peerAS);
              family { ipv4 unicast; ipv6 unicast; }
              static {
                route 192.0.2.0/24 next-hop 10.99.0.1;
                route 198.51.100.0/24 next-hop 10.99.0.1;
                route 2001:db8:1::/48 next-hop fd99::1;
                \(routes)
              }
            }
            """
        )
        try lab.start(
            ["exabgp", path],
            environment: [
                "exabgp.daemon.user": "root", "exabgp.tcp.bind": "", "exabgp.api.cli": "false",
            ]
        )
    }

    var tells: Bool { false }

    func learnt() throws -> Set<String> { [] }
}
