import BGPConfiguration
import JSON
import Model
import Resources

/// Resources as tests write them.
enum Given {
    static func node(
        _ name: String,
        _ ipv4: String? = nil,
        _ ipv6: String? = nil,
        labels: [String: String] = [:],
        asNumber: Int64? = nil,
        cluster: String? = nil
    ) -> Resource {
        var bgp: JSONValue = [:]
        bgp["ipv4Address"] = ipv4.map { .string($0) }
        bgp["ipv6Address"] = ipv6.map { .string($0) }
        bgp["asNumber"] = asNumber.map { .int($0) }
        bgp["routeReflectorClusterID"] = cluster.map { .string($0) }
        return Resource(
            .calico("Node"),
            version: "v3",
            name: name,
            labels: labels,
            spec: ["bgp": bgp]
        )
    }

    static func calico(_ kind: String, _ name: String, _ spec: JSONValue) -> Resource {
        Resource(.calico(kind), version: "v3", name: name, spec: spec)
    }

    static func configuration(_ spec: JSONValue, name: String = "default") -> Resource {
        calico("BGPConfiguration", name, spec)
    }

    static func peer(_ name: String, _ spec: JSONValue) -> Resource {
        calico("BGPPeer", name, spec)
    }

    static func secret(_ name: String, _ values: JSONValue, encoded: Bool = false) -> Resource {
        var resource = Resource(
            .core("Secret"),
            version: "v1",
            namespace: "kube-system",
            name: name
        )
        resource.value[encoded ? "data" : "stringData"] = values
        return resource
    }

    static func service(_ name: String, _ spec: JSONValue, balancer: [String] = []) -> Resource {
        var resource = Resource(
            .core("Service"),
            version: "v1",
            namespace: "default",
            name: name,
            spec: spec
        )
        if !balancer.isEmpty {
            let ingress = balancer.map { JSONValue.object(["ip": .string($0)]) }
            resource.value["status"] = ["loadBalancer": ["ingress": .array(ingress)]]
        }
        return resource
    }

    static func slice(
        of service: String,
        _ address: String,
        on node: String,
        ready: Bool? = nil
    ) -> Resource {
        var endpoint: JSONValue = [
            "addresses": [.string(address)], "nodeName": .string(node),
        ]
        if let ready { endpoint["conditions"] = ["ready": .bool(ready)] }
        var resource = Resource(
            ResourceType(group: "discovery.k8s.io", kind: "EndpointSlice"),
            version: "v1",
            namespace: "default",
            name: "\(service)-\(node)",
            labels: ["kubernetes.io/service-name": service]
        )
        resource.value["endpoints"] = [endpoint]
        return resource
    }

    static func block(_ cidr: String, of node: String, state: String = "confirmed") -> Resource {
        calico(
            "BlockAffinity",
            "\(node)-\(cidr)",
            ["cidr": .string(cidr), "node": .string(node), "state": .string(state)]
        )
    }
}

func cluster(_ resources: Resource...) -> BGPCluster {
    var cluster = BGPCluster()
    for resource in resources { cluster.set(resource) }
    return cluster
}

extension BGPCluster {
    /// The IPv4 peers of a node, as `kind address` with what is out of the ordinary.
    func peers(of node: String) -> [String] {
        configuration(of: node).ipv4.peers.map { peer in
            var text = "\(peer.kind) \(peer.address)"
            if let port = peer.port { text += ":\(port)" }
            text += " as \(peer.asNumber)"
            if peer.isPassive { text += " passive" }
            if let cluster = peer.reflectsAs { text += " client of \(cluster)" }
            return text
        }
    }

    func statics(of node: String) -> [String] {
        configuration(of: node).ipv4.staticRoutes.map { route in
            switch route.action {
            case .blackhole: "\(route.net)"
            case .via(let gateway): "\(route.net) via \(gateway)"
            }
        }
    }

    func problems(of node: String) -> [String] {
        configuration(of: node).problems.map(\.description)
    }
}
