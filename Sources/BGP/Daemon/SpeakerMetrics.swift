package import Agent
internal import BGPConfiguration
internal import Model

extension Metric {
    static let sessionUp = Self(
        .gauge,
        "caracal_bgp_session_up",
        "Whether the session with a peer is established."
    )
    static let sessionsEstablished = Self(
        .counter,
        "caracal_bgp_sessions_established_total",
        "Number of times the session with a peer came up."
    )
    static let peerRoutes = Self(
        .gauge,
        "caracal_bgp_routes",
        "Routes exchanged with a peer, by family and by what became of them."
    )
    static let kernelRoutes = Self(
        .gauge,
        "caracal_bgp_kernel_routes",
        "Learnt routes, by whether the kernel has them."
    )
    static let problems = Self(
        .gauge,
        "caracal_bgp_problems",
        "Things that resources ask of the speaker and that cannot be done as asked."
    )
}

extension SpeakerReport {
    /// Sets the metrics of all peers; those of peers that are gone are no more.
    package func set(_ metrics: Metrics) {
        var up: [(labels: [String: String], value: Double)] = []
        var times: [(labels: [String: String], value: Double)] = []
        var routes: [(labels: [String: String], value: Double)] = []
        for peer in peers {
            let labels = ["peer": "\(peer.peer.address)", "kind": peer.peer.kind.word]
            up.append((labels, peer.state == .established ? 1 : 0))
            times.append((labels, Double(peer.establishedCount)))
            for (family, counts) in peer.counts {
                var labels = labels
                labels["family"] = "ipv\(family.rawValue)"
                for (what, count) in [
                    ("received", counts.received), ("accepted", counts.accepted),
                    ("advertised", counts.advertised),
                ] {
                    routes.append((labels.merging(["what": what]) { $1 }, Double(count)))
                }
            }
        }
        metrics.replace(.sessionUp, up)
        metrics.replace(.sessionsEstablished, times)
        metrics.replace(.peerRoutes, routes)
        metrics.set(.problems, Double(problems.count))
        metrics.replace(
            .kernelRoutes,
            [
                (["state": "installed"], Double(installed)),
                (["state": "refused"], Double(refused.count)),
                (["state": "unreachable"], Double(unreachable)),
            ]
        )
    }
}
