import JSON
import Model
import Resources
import Selector
import Testing

@Suite
struct ViewTests {
    private func resource(_ kind: String, _ spec: JSONValue) -> Resource {
        Resource(.calico(kind), version: "v3", name: "x", spec: spec)
    }

    @Test("a pool has its defaults")
    func pool() throws {
        let pool = try IPPoolView(
            resource("IPPool", ["cidr": "10.0.0.0/16", "ipipMode": "CrossSubnet"])
        )
        #expect(pool.blockSize == 26)
        #expect(pool.ipip == .crossSubnet)
        #expect(pool.vxlan == .never)
        #expect(pool.allowedUses == ["Workload", "Tunnel"])
        #expect(pool.nodeSelector.canonical == "all()")
        #expect(pool.namespaceSelector == nil)
        #expect(!pool.natOutgoing && !pool.isDisabled && !pool.isManual)
        #expect(try IPPoolView(resource("IPPool", ["cidr": "fd00::/64"])).blockSize == 122)
    }

    @Test(
        "a pool's faults name their field",
        arguments: [
            ("spec.cidr", ["cidr": "x"]), ("spec.cidr", [:]),
            ("spec.vxlanMode", ["cidr": "10.0.0.0/16", "vxlanMode": "Often"]),
            ("spec.blockSize", ["cidr": "10.0.0.0/16", "blockSize": 8]),
            ("spec.nodeSelector", ["cidr": "10.0.0.0/16", "nodeSelector": "("]),
        ] as [(String, JSONValue)]
    )
    func poolFaults(_ field: String, _ spec: JSONValue) {
        let error = #expect(throws: ConversionError.self) {
            try IPPoolView(resource("IPPool", spec))
        }
        #expect(error?.field == field)
    }

    @Test("Calico's node")
    func calicoNode() throws {
        let node = try NodeView(
            resource(
                "Node",
                [
                    "bgp": [
                        "ipv4Address": "192.0.2.7/24", "asNumber": "1.2",
                        "ipv4IPIPTunnelAddr": "10.0.0.1",
                    ],
                    "ipv4VXLANTunnelAddr": "10.0.0.2",
                    "vxlanTunnelMACAddr": "02:00:00:00:00:01",
                    "wireguard": ["interfaceIPv4Address": "10.0.0.3"],
                ]
            )
        )
        #expect(node.ipv4?.address == Address("192.0.2.7"))
        #expect(node.ipv4?.subnet == Prefix("192.0.2.0/24"))
        #expect(node.ipv6 == nil)
        #expect(node.asNumber == 65538)
        #expect(node.ipipTunnel == Address("10.0.0.1"))
        #expect(node.vxlanTunnelV4 == Address("10.0.0.2"))
        #expect(node.vxlanTunnelMACV4?.description == "02:00:00:00:00:01")
        #expect(node.wireguardV4 == Address("10.0.0.3"))
    }

    @Test("Kubernetes' node: annotations go before what kubelet reports")
    func kubernetesNode() throws {
        var resource = Resource(.core("Node"), version: "v1", name: "n")
        resource.value["status"] = [
            "addresses": [
                ["type": "Hostname", "address": "n"],
                ["type": "InternalIP", "address": "192.0.2.9"],
                ["type": "InternalIP", "address": "fd00::9"],
            ]
        ]
        resource.annotations = ["projectcalico.org/IPv4Address": "192.0.2.7/24"]
        let node = try NodeView(resource)
        #expect(node.ipv4?.subnet == Prefix("192.0.2.0/24"))
        #expect(node.ipv6?.address == Address("fd00::9"))
    }

    @Test(
        "blocks and affinities that route",
        arguments: [
            ("IPAMBlock", ["cidr": "10.0.0.0/26", "affinity": "host:n1"], true),
            ("IPAMBlock", ["cidr": "10.0.0.0/26", "affinity": "virtual:lb"], false),
            ("IPAMBlock", ["cidr": "10.0.0.0/26"], false),
            ("IPAMBlock", ["cidr": "10.0.0.0/26", "affinity": "host:n1", "deleted": true], false),
            ("BlockAffinity", ["cidr": "10.0.0.0/26", "node": "n1"], true),
            ("BlockAffinity", ["cidr": "10.0.0.0/26", "node": "n1", "state": "confirmed"], true),
            ("BlockAffinity", ["cidr": "10.0.0.0/26", "node": "n1", "state": "pending"], false),
            ("BlockAffinity", ["cidr": "10.0.0.0/26", "node": "n1", "type": "virtual"], false),
            ("BlockAffinity", ["cidr": "10.0.0.0/26", "node": "n1", "deleted": "true"], false),
        ] as [(String, JSONValue, Bool)]
    )
    func blocks(_ kind: String, _ spec: JSONValue, _ routes: Bool) throws {
        let block = try BlockView(resource(kind, spec))
        let expected = Prefix("10.0.0.0/26").map { BlockView(cidr: $0, node: "n1") }
        #expect(block == (routes ? expected : nil))
    }
}
