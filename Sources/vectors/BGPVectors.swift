import BGPConfiguration
import JSON
import Model
import Resources

/// What a node's BGP speaker must derive from resources.
struct BGPVectors: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("bgp", orHas: ["node", "resources", "expect"])
    }

    init(_ file: VectorFile) {}

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        let differences = try BGPCase(vector.value).differences()
        return differences.isEmpty ? .passed : .failed(differences)
    }
}

/// One case: its resources in a cluster, and what is said of a node.
private struct BGPCase {
    private let value: JSONValue
    private let node: String
    private var cluster = BGPCluster()

    init(_ value: JSONValue) throws {
        self.value = value
        node = try value.text("node")
        for object in try value.list("resources") { cluster.set(BGPInput.resource(object)) }
        for affinity in value.elements("block_affinities") {
            cluster.set(try BGPInput.affinity(affinity))
        }
    }

    func differences() throws -> [String] {
        var differences = compare(cluster, with: value)
        var cluster = cluster
        for step in value.elements("then") {
            if let gone = step["delete"] {
                let type = ResourceType.calico(try gone.text("kind"))
                cluster.remove(Resource(type, version: "v3", name: try gone.text("name")))
            }
            for object in step.elements("apply") { cluster.set(BGPInput.resource(object)) }
            differences += compare(cluster, with: step).map { "then: \($0)" }
        }
        return differences
    }

    private func compare(_ cluster: BGPCluster, with expectation: JSONValue) -> [String] {
        let configuration = cluster.configuration(of: node)
        var differences: [String] = []
        if let count = expectation.number("expect_peer_count") {
            let found = configuration.ipv4.peers.count + configuration.ipv6.peers.count
            if found != count { differences.append("\(found) peers, expected \(count)") }
        }
        for family in Family.allCases {
            let name = "ipv\(family.rawValue)"
            guard let expected = expectation["expect"]?[name] else { continue }
            let found = BGPFacts(configuration, family).value
            differences += BGPComparison.differences(found, expected).map { "\(name): \($0)" }
        }
        return differences
    }
}

/// The vectors' objects as they would be in a store.
private enum BGPInput {
    /// What the rig that made the cases did not see is taken away, and what its YAML reader took
    /// for numbers and booleans is text again.
    static func resource(_ object: JSONValue) -> Resource {
        var resource = Resource(object)
        var labels: [String: String] = [:]
        for (key, value) in resource.metadata["labels"]?.object?.members ?? [] {
            labels[key] = value.string ?? value.description
        }
        if !labels.isEmpty { resource.labels = labels }
        if resource.apiVersion.isEmpty {
            resource.value["apiVersion"] = .string(apiVersion(of: resource.kind))
        }
        if resource.kind == "Service" { resource.value["status"] = nil }
        if resource.kind == "BGPConfiguration" {
            resource.spec["prefixAdvertisements"] = texts(resource.spec["prefixAdvertisements"])
        }
        return resource
    }

    static func affinity(_ affinity: JSONValue) throws -> Resource {
        let cidr = try affinity.text("cidr")
        return Resource(
            .calico("BlockAffinity"),
            version: "v3",
            name: cidr,
            spec: [
                "cidr": .string(cidr), "node": .string(try affinity.text("node")),
                "state": affinity["state"] ?? .null,
            ]
        )
    }

    private static func apiVersion(of kind: String) -> String {
        switch kind {
        case "Service", "Secret", "Endpoints", "Pod": "v1"
        case "EndpointSlice": "discovery.k8s.io/v1"
        default: "projectcalico.org/v3"
        }
    }

    /// YAML 1.1 reads `5663:12` as a number in base 60.
    private static func texts(_ advertisements: JSONValue?) -> JSONValue? {
        guard let advertisements = advertisements?.array else { return advertisements }
        return .array(
            advertisements.map { advertisement in
                var advertisement = advertisement
                let communities = advertisement.elements("communities").map { community in
                    community.int.map { JSONValue.string("\($0 / 60):\($0 % 60)") } ?? community
                }
                advertisement["communities"] = .array(communities)
                return advertisement
            }
        )
    }
}
