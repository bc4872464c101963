import BGPConfiguration
import JSON
import Model
import Resources
import Testing

@Suite("routes that a node announces and writes")
struct AnnouncementTests {
    /// Two nodes with ranges for services.
    private static func ranges(_ more: JSONValue = [:]) -> BGPCluster {
        var spec: JSONValue = [
            "serviceClusterIPs": [["cidr": "10.96.0.0/16"]],
            "serviceExternalIPs": [["cidr": "172.20.0.0/16"], ["cidr": "172.21.0.9/32"]],
            "serviceLoadBalancerIPs": [["cidr": "172.30.0.0/16"], ["cidr": ""]],
        ]
        for (key, value) in more.object?.members ?? [] { spec[key] = value }
        return cluster(
            Given.configuration(spec),
            Given.node("a", "10.0.0.1/24"),
            Given.node("b", "10.0.0.2/24")
        )
    }

    private static let whole = ["10.96.0.0/16", "172.20.0.0/16", "172.30.0.0/16"]

    @Test("each node announces the ranges, but not those of one address")
    func rangesOnly() {
        let cluster = Self.ranges()
        #expect(cluster.statics(of: "a") == Self.whole)
        let rules = cluster.configuration(of: "a").ipv4.kernelNets
        #expect(
            rules.map { "\($0.net) \($0.action)" } == [
                "10.96.0.0/16 reject", "172.20.0.0/16 reject", "172.21.0.9/32 reject",
                "172.30.0.0/16 reject",
            ]
        )
    }

    @Test("a node excluded from load balancers announces nothing of services")
    func excluded() {
        var cluster = Self.ranges()
        let label = ["node.kubernetes.io/exclude-from-external-load-balancers": ""]
        cluster.set(Given.node("a", "10.0.0.1/24", labels: label))
        #expect(cluster.statics(of: "a").isEmpty)
        #expect(cluster.configuration(of: "a").ipv4.exportNets.isEmpty)
        #expect(cluster.statics(of: "b") == Self.whole)
    }

    @Test("externalTrafficPolicy Local: single addresses from the nodes with a ready endpoint")
    func externalLocal() {
        var cluster = Self.ranges()
        cluster.set(
            Given.service(
                "s",
                [
                    "type": "LoadBalancer", "clusterIP": "10.96.0.5",
                    "externalTrafficPolicy": "Local", "externalIPs": ["172.20.0.5", "9.9.9.9"],
                ],
                balancer: ["172.30.0.5", "8.8.8.8"]
            )
        )
        cluster.set(Given.slice(of: "s", "192.168.0.7", on: "a"))
        let single = ["10.96.0.5/32", "172.20.0.5/32", "172.30.0.5/32"]
        #expect(cluster.statics(of: "a").sorted() == (Self.whole + single).sorted())
        #expect(cluster.statics(of: "b") == Self.whole)

        cluster.set(Given.slice(of: "s", "192.168.0.7", on: "a", ready: false))
        #expect(cluster.statics(of: "a") == Self.whole)
        cluster.set(Given.slice(of: "s", "fd00::7", on: "a"))
        #expect(cluster.statics(of: "a") == Self.whole)
    }

    @Test("internalTrafficPolicy Local makes the cluster IP single, and nothing else")
    func internalLocal() {
        var cluster = Self.ranges()
        cluster.set(
            Given.service(
                "s",
                [
                    "clusterIP": "10.96.0.5", "internalTrafficPolicy": "Local",
                    "externalIPs": ["172.20.0.5"],
                ]
            )
        )
        cluster.set(Given.slice(of: "s", "192.168.0.7", on: "a"))
        #expect(cluster.statics(of: "a").contains("10.96.0.5/32"))
        #expect(!cluster.statics(of: "a").contains("172.20.0.5/32"))
    }

    @Test("externalTrafficPolicy Cluster: a range of one address is announced from all nodes")
    func singleAddressRange() {
        var cluster = Self.ranges()
        cluster.set(
            Given.service(
                "s",
                ["clusterIP": "10.96.0.5", "externalIPs": ["172.21.0.9", "172.20.0.5"]]
            )
        )
        for node in ["a", "b"] {
            #expect(cluster.statics(of: node).sorted() == (Self.whole + ["172.21.0.9/32"]).sorted())
        }
    }

    @Test("without aggregation each load balancer address with an endpoint is announced")
    func aggregationDisabled() {
        var cluster = Self.ranges(["serviceLoadBalancerAggregation": "Disabled"])
        cluster.set(
            Given.service(
                "s",
                ["type": "LoadBalancer", "clusterIP": "10.96.0.5"],
                balancer: ["172.30.0.5"]
            )
        )
        let rest = ["10.96.0.0/16", "172.20.0.0/16"]
        #expect(cluster.statics(of: "b") == rest)
        cluster.set(Given.slice(of: "s", "192.168.0.7", on: "a"))
        #expect(cluster.statics(of: "b") == rest + ["172.30.0.5/32"])
    }

    @Test("headless services and external names are passed over")
    func withoutAddresses() {
        var cluster = Self.ranges()
        for (name, spec) in [
            ("h", ["clusterIP": "None", "externalIPs": ["172.21.0.9"]]),
            ("e", ["type": "ExternalName", "externalIPs": ["172.21.0.9"]]),
        ] as [(String, JSONValue)] {
            cluster.set(Given.service(name, spec))
        }
        #expect(cluster.statics(of: "a") == Self.whole)
        #expect(cluster.problems(of: "a").isEmpty)
    }

    @Test("a reflector passes ranges for services on")
    func reflector() {
        var cluster = Self.ranges()
        cluster.set(Given.node("a", "10.0.0.1/24", cluster: "1.0.0.1"))
        let nets = cluster.configuration(of: "a").ipv4.exportNets.filter { !$0.isExact }
        #expect(nets.map(\.net.description) == ["172.20.0.0/16", "172.21.0.9/32", "172.30.0.0/16"])
    }

    @Test("confirmed blocks are announced and, but for single addresses, blackholed")
    func blocks() {
        var cluster = Self.ranges(["serviceClusterIPs": []])
        cluster = BGPConfigurationTests.cluster(
            Given.node("a", "10.0.0.1/24"),
            Given.block("192.168.0.0/26", of: "a"),
            Given.block("192.168.0.64/26", of: "a", state: "pending"),
            Given.block("192.168.0.128/26", of: "b"),
            Given.block("192.168.1.1/32", of: "a", state: "")
        )
        let found = cluster.configuration(of: "a").ipv4
        #expect(found.blocks.map(\.description) == ["192.168.0.0/26", "192.168.1.1/32"])
        #expect(cluster.statics(of: "a") == ["192.168.0.0/26"])
        cluster.remove(Given.block("192.168.0.0/26", of: "a"))
        #expect(cluster.statics(of: "a").isEmpty)
    }

    @Test("an address borrowed from another node's block is announced by itself")
    func borrowed() {
        let block = Given.calico(
            "IPAMBlock",
            "192-168-0-0-26",
            [
                "cidr": "192.168.0.0/26", "affinity": "host:b",
                "allocations": [0, 1, .null, 2],
                "attributes": [
                    ["secondary": ["node": "b"]], ["secondary": ["node": "a"]],
                    ["secondary": ["node": "a"], "releasedAt": "2026-01-01T00:00:00Z"],
                ],
            ]
        )
        let cluster = cluster(
            Given.node("a", "10.0.0.1/24"),
            Given.block("192.168.0.0/26", of: "b"),
            block
        )
        let found = cluster.configuration(of: "a").ipv4.borrowed
        #expect(found.map(\.description) == ["192.168.0.1/32"])
        #expect(cluster.configuration(of: "b").ipv4.borrowed.isEmpty)
    }

    @Test(
        "who writes a pool's routes follows programClusterRoutes",
        arguments: [
            ("Disabled", ["reject", "reject", "reject", "reject"]),
            ("Enabled", ["tunnel always", "tunnel outside", "accept", "reject"]),
            ("EnabledIPIPOnly", ["tunnel always", "tunnel outside", "reject", "reject"]),
            ("EnabledNoEncapOnly", ["reject", "reject", "accept", "reject"]),
        ]
    )
    func programs(_ value: String, _ expected: [String]) {
        var cluster = cluster(
            Given.node("a", "10.0.0.1/24"),
            Given.configuration(["programClusterRoutes": .string(value)])
        )
        let pools: [JSONValue] = [
            ["cidr": "10.1.0.0/16", "ipipMode": "Always"],
            ["cidr": "10.2.0.0/16", "ipipMode": "CrossSubnet"],
            ["cidr": "10.3.0.0/16"],
            ["cidr": "10.4.0.0/16", "vxlanMode": "CrossSubnet"],
        ]
        for (index, spec) in pools.enumerated() {
            cluster.set(Given.calico("IPPool", "p\(index)", spec))
        }
        let rules = cluster.configuration(of: "a").ipv4.kernelNets.map { rule in
            switch rule.tunnel {
            case .always: "tunnel always"
            case .outside(let subnet):
                "\(subnet)" == "10.0.0.0/24" ? "tunnel outside" : "\(subnet)"
            case nil: "\(rule.action)"
            }
        }
        #expect(rules == expected)
    }

    @Test("a pool that is not exported is refused before anything is accepted")
    func exportDisabled() {
        var cluster = Self.ranges(["serviceExternalIPs": [], "serviceLoadBalancerIPs": []])
        cluster.set(Given.calico("IPPool", "p", ["cidr": "10.1.0.0/16"]))
        cluster.set(
            Given.calico("IPPool", "q", ["cidr": "10.96.0.0/12", "disableBGPExport": true])
        )
        let rules = cluster.configuration(of: "a").ipv4.exportNets
        #expect(
            rules.map { "\($0.action) \($0.net)" } == [
                "reject 10.96.0.0/12", "accept 10.96.0.0/16", "accept 10.1.0.0/16",
            ]
        )
    }

    @Test("routes to nodes reached by WireGuard are left to the agent, from a node that has it too")
    func wireguard() {
        func node(_ name: String, _ address: String, _ wireguard: String?) -> Resource {
            var node = Given.node(name, address)
            if let wireguard {
                node.spec["wireguard"] = ["interfaceIPv4Address": .string(wireguard)]
            }
            return node
        }
        var cluster = cluster(
            node("a", "10.0.0.1/24", "10.5.0.1"),
            node("b", "10.0.0.2/24", "10.5.0.2"),
            node("c", "10.0.0.3/24", nil)
        )
        #expect(cluster.configuration(of: "a").ipv4.wireguardPeers == [Address("10.0.0.2")])
        #expect(cluster.configuration(of: "c").ipv4.wireguardPeers.isEmpty)
        cluster.set(node("b", "10.0.0.2/24", nil))
        #expect(cluster.configuration(of: "a").ipv4.wireguardPeers.isEmpty)
    }
}
