import Foundation
import Model

/// A BGP daemon that is measured, with the configuration that a plan asks for.
enum Contender: String, CaseIterable, Sendable {
    case caracal, bird, frr, gobgp, openbgpd

    var title: String {
        switch self {
        case .caracal: "Caracal"
        case .bird: "BIRD"
        case .frr: "FRR"
        case .gobgp: "GoBGP"
        case .openbgpd: "OpenBGPD"
        }
    }

    /// It is installed here.
    var isThere: Bool {
        switch self {
        case .caracal: true
        case .bird: Self.isExecutable("/usr/sbin/bird")
        case .frr: Self.isExecutable("/usr/lib/frr/bgpd")
        case .gobgp: Self.isExecutable("/usr/bin/gobgpd")
        case .openbgpd: Self.isExecutable("/usr/sbin/bgpd")
        }
    }

    private static func isExecutable(_ path: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: path)
    }

    /// Writes its configuration into `folder`; the command that starts it.
    func prepare(_ plan: Plan, in folder: String) throws -> [String] {
        let path = "\(folder)/\(rawValue).conf"
        try configuration(plan, folder).write(toFile: path, atomically: true, encoding: .utf8)
        switch self {
        case .caracal:
            let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
            return [own, "speak", "--peers", path] + (plan.writesKernel ? ["--kernel"] : [])
        case .bird:
            return ["/usr/sbin/bird", "-f", "-c", path, "-s", "\(folder)/bird.ctl"]
        case .frr:
            return [
                "/usr/lib/frr/bgpd", "-S", "-f", path, "-i", "\(folder)/bgpd.pid",
                "-z", "\(folder)/zebra", "--vty_socket", folder, "-A", "127.0.0.1",
                "--limit-fds", "8192",
            ]
        case .gobgp:
            return [
                "/usr/bin/gobgpd", "-t", "toml", "-f", path, "--api-hosts", "127.0.0.1:50051",
                "--pprof-disable", "-l", "error",
            ]
        case .openbgpd:
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try FileManager.default.createDirectory(
                atPath: "/run/openbgpd",
                withIntermediateDirectories: true
            )
            return ["/usr/sbin/bgpd", "-d", "-f", path]
        }
    }

    private func configuration(_ plan: Plan, _ folder: String) -> String {
        switch self {
        case .caracal: plan.text
        case .bird: Self.bird(plan)
        case .frr: Self.frr(plan)
        case .gobgp: Self.gobgp(plan)
        case .openbgpd: Self.openbgpd(plan, folder)
        }
    }
}

// MARK: Configurations

extension Contender {
    private static func bird(_ plan: Plan) -> String {
        var text = """
            router id \(Plan.speaker);
            protocol device { scan time 100; }

            """
        if plan.writesKernel {
            text += """
                protocol direct { ipv4; }
                protocol kernel { scan time 100; ipv4 { import none; export where source = RTS_BGP; }; }

                """
        }
        for (number, peer) in plan.peers.enumerated() {
            text += """
                protocol bgp p\(number) {
                  local \(Plan.speaker) as \(Plan.speakerAS);
                  neighbor \(peer.address) as \(peer.autonomousSystem);
                  passive; multihop; \(peer.isClient ? "rr client;" : "")
                  error wait time 1, 1; error forget time 1; connect delay time 1;
                  ipv4 { import all; export all; };
                }

                """
        }
        return text
    }

    private static func frr(_ plan: Plan) -> String {
        var text = """
            router bgp \(Plan.speakerAS)
             bgp router-id \(Plan.speaker)
             no bgp ebgp-requires-policy
             no bgp network import-check
             no bgp default ipv4-unicast

            """
        for peer in plan.peers {
            text += """
                 neighbor \(peer.address) remote-as \(peer.autonomousSystem)
                 neighbor \(peer.address) passive
                 neighbor \(peer.address) disable-connected-check
                 neighbor \(peer.address) advertisement-interval 0
                 neighbor \(peer.address) timers connect 1

                """
        }
        text += " address-family ipv4 unicast\n"
        for peer in plan.peers {
            text += "  neighbor \(peer.address) activate\n"
            if peer.isClient { text += "  neighbor \(peer.address) route-reflector-client\n" }
        }
        return text + " exit-address-family\n"
    }

    private static func gobgp(_ plan: Plan) -> String {
        var text = """
            [global.config]
              as = \(Plan.speakerAS)
              router-id = "\(Plan.speaker)"
              port = 179
              local-address-list = ["\(Plan.speaker)"]

            """
        for peer in plan.peers {
            text += """
                [[neighbors]]
                  [neighbors.config]
                    neighbor-address = "\(peer.address)"
                    peer-as = \(peer.autonomousSystem)
                  [neighbors.transport.config]
                    passive-mode = true
                  [neighbors.timers.config]
                    connect-retry = 1
                    idle-hold-time-after-reset = 1
                  [[neighbors.afi-safis]]
                    [neighbors.afi-safis.config]
                      afi-safi-name = "ipv4-unicast"

                """
            guard peer.isClient else { continue }
            text += """
                  [neighbors.route-reflector.config]
                    route-reflector-client = true
                    route-reflector-cluster-id = "\(Plan.speaker)"

                """
        }
        return text
    }

    private static func openbgpd(_ plan: Plan, _ folder: String) -> String {
        var text = """
            AS \(Plan.speakerAS)
            router-id \(Plan.speaker)
            fib-update no
            listen on \(Plan.speaker)
            socket "\(folder)/bgpd.sock"

            """
        for peer in plan.peers {
            text += """
                neighbor \(peer.address) {
                  remote-as \(peer.autonomousSystem)
                  passive
                  multihop 64
                  announce IPv4 unicast
                  \(peer.isClient ? "route-reflector" : "")
                }

                """
        }
        return text + "allow from any\nallow to any\n"
    }
}
