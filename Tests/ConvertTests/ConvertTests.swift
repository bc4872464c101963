import JSON
import Model
import Resources
import Testing

/// One resource in, its updates out.
@Suite
struct ConvertTests {
    private func updates(_ text: String) throws -> [Update] {
        try convert(Resource(try JSONValue(parsing: text)))
    }

    @Test("a tier without a default action denies")
    func tier() throws {
        let found = try updates(
            #"{"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"t"},"#
                + #""spec":{"order":1.5}}"#
        )
        #expect(found == [.tier("t", Tier(name: "t", order: 1.5, defaultAction: .deny))])
    }

    @Test("a namespace becomes a profile that allows all and gives its labels")
    func namespace() throws {
        let found = try updates(
            #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"red","#
                + #""labels":{"team":"x"}}}"#
        )
        let profile = Profile(
            name: "kns.red",
            labelsToApply: ["pcns.team": "x", "pcns.projectcalico.org/name": "red"],
            ingress: [Rule(.allow)],
            egress: [Rule(.allow)]
        )
        #expect(found == [.profile("kns.red", profile)])
    }

    @Test("a service account becomes a profile without rules")
    func serviceAccount() throws {
        let found = try updates(
            #"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"sa","#
                + #""namespace":"red","labels":{"role":"x"}}}"#
        )
        let profile = Profile(
            name: "ksa.red.sa",
            labelsToApply: ["pcsa.role": "x", "pcsa.projectcalico.org/name": "sa"]
        )
        #expect(found == [.profile("ksa.red.sa", profile)])
    }

    @Test("a network set carries its namespace, a global one does not")
    func networkSets() throws {
        let id = NetworkSetID(namespace: "red", name: "s")
        let found = try updates(
            #"{"apiVersion":"projectcalico.org/v3","kind":"NetworkSet","metadata":{"name":"s","#
                + #""namespace":"red","labels":{"a":"b"}},"spec":{"nets":["10.0.0.0/8","::1"]}}"#
        )
        let set = NetworkSet(
            id: id,
            labels: ["a": "b", "projectcalico.org/namespace": "red"],
            profiles: ["kns.red"],
            nets: ["10.0.0.0/8", "::1"].compactMap { Prefix($0) }
        )
        #expect(found == [.networkSet(id, set)])
        let global = try updates(
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkSet","#
                + #""metadata":{"name":"s"}}"#
        )
        let globalID = NetworkSetID(name: "s")
        #expect(global == [.networkSet(globalID, NetworkSet(id: globalID))])
    }

    @Test("a host endpoint is an endpoint of its node")
    func hostEndpoint() throws {
        let found = try updates(
            #"{"apiVersion":"projectcalico.org/v3","kind":"HostEndpoint","metadata":{"name":"h","#
                + #""labels":{"a":"b"}},"spec":{"node":"n1","interfaceName":"eth0","#
                + #""expectedIPs":["192.0.2.1"],"profiles":["p"],"#
                + #""ports":[{"name":"ssh","protocol":"TCP","port":22}]}}"#
        )
        let id = EndpointID.host(node: "n1", name: "h")
        let endpoint = Endpoint(
            id: id,
            labels: ["a": "b"],
            profiles: ["p"],
            addresses: [Address(v4: 0xc000_0201)],
            ports: [NamedPort(name: "ssh", protocol: .tcp, port: 22)],
            interface: "eth0"
        )
        #expect(found == [.endpoint(id, endpoint)])
    }

    @Test("a slice names every address with every port, and no service means nothing")
    func endpointSlice() throws {
        let found = try updates(
            #"{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","#
                + #""metadata":{"name":"web-1","namespace":"red","#
                + #""labels":{"kubernetes.io/service-name":"web"}},"#
                + #""endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":false}}],"#
                + #""ports":[{"port":80},{"port":53,"protocol":"UDP"}]}"#
        )
        let address = Address(v4: 0x0a00_0001)
        let slice = ServiceSlice(
            service: ServiceID(namespace: "red", name: "web"),
            members: [
                .init(address: address, protocol: .tcp, port: 80),
                .init(address: address, protocol: .udp, port: 53),
            ]
        )
        #expect(found == [.serviceSlice("red/web-1", slice)])
        let orphan = try updates(
            #"{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","#
                + #""metadata":{"name":"x","namespace":"red"}}"#
        )
        #expect(orphan == [.serviceSlice("red/x", nil)])
    }

    @Test("kinds that policy does not read give nothing")
    func otherKinds() throws {
        #expect(
            try updates(#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"}}"#).isEmpty
        )
        #expect(
            try updates(
                #"{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"s"}}"#
            ).isEmpty
        )
    }

    @Test(
        "every converted object can be removed, valid or not",
        arguments: [
            ("projectcalico.org/v3", "Tier"), ("projectcalico.org/v3", "Profile"),
            ("projectcalico.org/v3", "NetworkPolicy"),
            ("projectcalico.org/v3", "GlobalNetworkPolicy"),
            ("projectcalico.org/v3", "StagedNetworkPolicy"),
            ("projectcalico.org/v3", "StagedGlobalNetworkPolicy"),
            ("projectcalico.org/v3", "StagedKubernetesNetworkPolicy"),
            ("projectcalico.org/v3", "NetworkSet"), ("projectcalico.org/v3", "GlobalNetworkSet"),
            ("projectcalico.org/v3", "HostEndpoint"), ("projectcalico.org/v3", "WorkloadEndpoint"),
            ("v1", "Pod"), ("v1", "Namespace"), ("v1", "ServiceAccount"),
            ("networking.k8s.io/v1", "NetworkPolicy"), ("discovery.k8s.io/v1", "EndpointSlice"),
            ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
        ]
    )
    func removal(_ apiVersion: String, _ kind: String) throws {
        let spec: JSONValue = [
            "node": "n1", "nodeName": "n1", "expectedIPs": ["192.0.2.1"], "tier": "Admin",
            "priority": 1, "subject": ["namespaces": [:]],
        ]
        let resource = Resource([
            "apiVersion": .string(apiVersion), "kind": .string(kind), "spec": spec,
            "metadata": ["name": "x", "namespace": "red"],
        ])
        let emptied = Resources.removal(of: resource)
        #expect(emptied.count == 1)
        // The spec fits no kind but those two wholly; identity must not depend on that.
        let converted = (try? convert(resource)) ?? emptied
        #expect(converted.map(\.withoutValue) == emptied)
    }
}

extension Update {
    /// The removal of the same object.
    var withoutValue: Update {
        switch self {
        case .endpoint(let id, _): .endpoint(id, nil)
        case .networkSet(let id, _): .networkSet(id, nil)
        case .policy(let id, _): .policy(id, nil)
        case .tier(let name, _): .tier(name, nil)
        case .profile(let name, _): .profile(name, nil)
        case .serviceSlice(let name, _): .serviceSlice(name, nil)
        }
    }
}
