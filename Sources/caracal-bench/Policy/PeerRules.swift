import Model

/// The rule sets of a node with workload interfaces, as Calico renders a list of ingress policies: a
/// chain for each workload and direction that accepts what is established, then a chain for each
/// policy that marks what it accepts (0x10000) or drops (0x40000).
///
/// Sets of nftables are hashes here because all members are single addresses; Calico's are intervals,
/// which are slower.
struct PeerRules {
    let policies: PolicyList
    /// Workload interfaces of the node.
    let links: [String]

    // MARK: iptables and ipset

    /// Input of `ipset restore`.
    var ipsets: String {
        let lines = (0..<policies.count).flatMap { number in
            ["create cali40s-\(number) hash:net family inet maxelem 1048576"]
                + policies.members(number).map { "add cali40s-\(number) \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Input of `iptables-restore`.
    var iptables: String {
        var chains = ["cali-FORWARD"]
        var rules = [
            "-A FORWARD -j cali-FORWARD", "-A cali-FORWARD -j MARK --set-xmark 0x0/0xe0000",
        ]
        for link in links {
            chains += ["cali-fw-\(link)", "cali-tw-\(link)"]
            rules += [
                "-A cali-FORWARD -i \(link) -j cali-fw-\(link)",
                "-A cali-FORWARD -o \(link) -j cali-tw-\(link)",
            ]
            rules += iptablesEgress.map { "-A cali-fw-\(link) \($0)" }
            rules += iptablesIngress.map { "-A cali-tw-\(link) \($0)" }
        }
        for number in 0..<policies.count {
            chains.append("cali-pi-\(number)")
            for rule in policies.rules(number) {
                rules += iptablesRule(rule, number).map { "-A cali-pi-\(number) \($0)" }
            }
        }
        rules.append("-A cali-FORWARD -m mark --mark 0x10000/0x10000 -j ACCEPT")
        return (["*filter"] + chains.map { ":\($0) - [0:0]" } + rules + ["COMMIT", ""])
            .joined(separator: "\n")
    }

    private let iptablesStart = [
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-m conntrack --ctstate INVALID -j DROP", "-j MARK --set-xmark 0x0/0x10000",
    ]

    /// No policy is about egress: the profile allows it.
    private var iptablesEgress: [String] {
        iptablesStart + [
            "-p udp -m multiport --dports 4789 -j DROP", "-p 4 -j DROP",
            "-j MARK --set-xmark 0x10000/0x10000", "-m mark --mark 0x10000/0x10000 -j RETURN",
        ]
    }

    private var iptablesIngress: [String] {
        let jumps = (0..<policies.count).flatMap {
            [
                "-m mark --mark 0x0/0x20000 -j cali-pi-\($0)",
                "-m mark --mark 0x10000/0x10000 -j RETURN",
            ]
        }
        return iptablesStart + ["-j MARK --set-xmark 0x0/0x20000"] + jumps
            + ["-m mark --mark 0x0/0x20000 -j DROP", "-j DROP"]
    }

    private func iptablesRule(_ rule: RuleText, _ number: Int) -> [String] {
        var match = rule.protocol.map { "-p \($0.lowercased()) " } ?? ""
        switch rule.remote {
        case .selector: match += "-m set --match-set cali40s-\(number) src "
        case .net(let net): match += "-s \(net) "
        }
        if !rule.ports.isEmpty {
            match += "-m multiport --dports \(rule.ports.joined(separator: ",")) "
        }
        let mark = rule.isAllowed ? "0x10000/0x10000" : "0x40000/0x40000"
        return [
            "\(match)-j MARK --set-xmark \(mark)",
            "-m mark --mark \(mark) -j \(rule.isAllowed ? "RETURN" : "DROP")",
        ]
    }

    // MARK: nftables

    /// Input of `nft -f`.
    var nftables: String {
        var text = ["table ip calico {"]
        for number in 0..<policies.count {
            let members = policies.members(number).joined(separator: ", ")
            text.append("set cali40s-\(number) { type ipv4_addr; elements = { \(members) }; }")
            text += chain(
                "cali-pi-\(number)",
                policies.rules(number).flatMap { nftablesRule($0, number) }
            )
        }
        var forward = [
            "type filter hook forward priority 0;", "meta mark set meta mark & 0xfff1ffff",
        ]
        for link in links {
            text += chain("cali-fw-\(link)", nftablesEgress)
            text += chain("cali-tw-\(link)", nftablesIngress)
            forward += [
                "iifname \(link) jump cali-fw-\(link)", "oifname \(link) jump cali-tw-\(link)",
            ]
        }
        forward.append("meta mark & 0x10000 == 0x10000 accept")
        return (text + chain("forward", forward) + ["}", ""]).joined(separator: "\n")
    }

    private func chain(_ name: String, _ rules: [String]) -> [String] {
        ["chain \(name) {"] + rules + ["}"]
    }

    private let nftablesStart = [
        "ct state established,related accept", "ct state invalid drop",
        "meta mark set meta mark & 0xfffeffff",
    ]

    private var nftablesEgress: [String] {
        nftablesStart + [
            "meta l4proto udp udp dport 4789 drop", "meta l4proto 4 drop",
            "meta mark set meta mark | 0x10000", "meta mark & 0x10000 == 0x10000 return",
        ]
    }

    private var nftablesIngress: [String] {
        let jumps = (0..<policies.count).flatMap {
            [
                "meta mark & 0x20000 == 0 jump cali-pi-\($0)",
                "meta mark & 0x10000 == 0x10000 return",
            ]
        }
        return nftablesStart + ["meta mark set meta mark & 0xfffdffff"] + jumps
            + ["meta mark & 0x20000 == 0 drop", "drop"]
    }

    private func nftablesRule(_ rule: RuleText, _ number: Int) -> [String] {
        let proto = rule.protocol?.lowercased()
        var match = proto.map { "meta l4proto \($0) " } ?? ""
        switch rule.remote {
        case .selector: match += "ip saddr @cali40s-\(number) "
        case .net(let net): match += "ip saddr \(net) "
        }
        if let proto, !rule.ports.isEmpty {
            let ports = rule.ports.map { $0.replacing(":", with: "-") }.joined(separator: ", ")
            match += "\(proto) dport { \(ports) } "
        }
        let mark = rule.isAllowed ? "0x10000" : "0x40000"
        return [
            "\(match)meta mark set meta mark | \(mark)",
            "meta mark & \(mark) == \(mark) \(rule.isAllowed ? "return" : "drop")",
        ]
    }
}
