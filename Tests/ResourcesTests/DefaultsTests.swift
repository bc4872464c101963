import JSON
import Resources
import Testing

@Suite("Defaults")
struct DefaultsTests {
    private func defaulted(_ kind: String, _ spec: JSONValue) -> Resource {
        applyDefaults(Resource(.calico(kind), version: "v3", name: "a", spec: spec))
    }

    struct Types: CustomTestStringConvertible {
        let spec: JSONValue
        let types: JSONValue
        var testDescription: String { spec.description }

        init(_ spec: JSONValue, _ types: JSONValue) {
            self.spec = spec
            self.types = types
        }
    }

    @Test(
        "types follow the rules that are there",
        arguments: [
            Types([:], ["Ingress"]), Types(["ingress": [["action": "Allow"]]], ["Ingress"]),
            Types(["egress": [["action": "Allow"]]], ["Egress"]),
            Types(
                ["ingress": [["action": "Allow"]], "egress": [["action": "Allow"]]],
                ["Ingress", "Egress"]
            ),
            Types(["types": [], "egress": [["action": "Deny"]]], ["Egress"]),
            Types(["types": ["Egress"], "ingress": [["action": "Deny"]]], ["Egress"]),
        ]
    )
    func types(_ test: Types) {
        for kind in ["GlobalNetworkPolicy", "NetworkPolicy", "StagedGlobalNetworkPolicy"] {
            #expect(defaulted(kind, test.spec).spec["types"] == test.types)
        }
    }

    @Test("a policy gets its tier, and the label that says so")
    func tier() {
        let policy = defaulted("NetworkPolicy", [:])
        #expect(policy.spec["tier"] == "default")
        #expect(policy.labels == ["projectcalico.org/tier": "default"])
        #expect(policy.namespace == "default")
        let other = defaulted("GlobalNetworkPolicy", ["tier": "platform"])
        #expect(other.labels == ["projectcalico.org/tier": "platform"])
        #expect(other.namespace == nil)
        #expect(defaulted("Tier", [:]).spec["defaultAction"] == "Deny")
    }

    @Test("a staged deletion stays empty")
    func staged() {
        #expect(defaulted("StagedNetworkPolicy", [:]).spec["stagedAction"] == "Set")
        let deletion = defaulted("StagedNetworkPolicy", ["stagedAction": "Delete"])
        #expect(deletion.spec == ["stagedAction": "Delete", "tier": "default"])
        #expect(validate(deletion).isEmpty)
    }

    @Test("pools")
    func pools() {
        #expect(
            defaulted("IPPool", ["cidr": "10.0.0.0/16"]).spec == [
                "cidr": "10.0.0.0/16", "ipipMode": "Never", "vxlanMode": "Never",
                "nodeSelector": "all()", "assignmentMode": "Automatic", "blockSize": 26,
                "allowedUses": ["Workload", "Tunnel"],
            ]
        )
        let v6 = defaulted("IPPool", ["cidr": "fd00::/64", "namespaceSelector": "has(a)"])
        #expect(v6.spec["blockSize"] == 122)
        #expect(v6.spec["allowedUses"] == ["Workload"])
        #expect(validate(v6).isEmpty)
    }

    @Test("Kubernetes' own")
    func kubernetes() {
        let namespace = applyDefaults(Resource(.core("Namespace"), version: "v1", name: "shop"))
        #expect(namespace.labels == ["kubernetes.io/metadata.name": "shop"])
        let type = ResourceType(group: "networking.k8s.io", kind: "NetworkPolicy")
        let ingress = applyDefaults(Resource(type, version: "v1", name: "a", spec: [:]))
        #expect(ingress.spec["policyTypes"] == ["Ingress"])
        let egress = applyDefaults(
            Resource(type, version: "v1", name: "a", spec: ["egress": [[:]]])
        )
        #expect(egress.spec["policyTypes"] == ["Ingress", "Egress"])
        let service = applyDefaults(
            Resource(.core("Service"), version: "v1", name: "a", spec: ["ports": [["port": 80]]])
        )
        #expect(service.spec["ports"] == [["port": 80, "protocol": "TCP"]])
    }

    @Test(
        "what is of the wrong type is left for validation",
        arguments: [
            ["spec": 3], ["spec": ["ingress": 3]], ["metadata": ["name": "a", "labels": 3]],
        ] as [JSONValue]
    )
    func wrongTypes(_ part: JSONValue) {
        var resource = Resource(.calico("GlobalNetworkPolicy"), version: "v3", name: "a")
        for (name, value) in part.object?.members ?? [] { resource.value[name] = value }
        #expect(!validate(applyDefaults(resource)).isEmpty)
    }
}
