package import JSON
package import Model

extension Endpoint: MemberRepresentable {
    static var empty: Endpoint { Endpoint(id: .host(node: "", name: "")) }

    static var named: [Member<Endpoint>] {
        [
            Member("id", \.id), Member("labels", \.labels), Member("profiles", \.profiles),
            Member("addresses", \.addresses), Member("ports", \.ports),
            Member("interface", \.interface),
            Member("allowedSourcePrefixes", \.allowedSourcePrefixes),
        ]
    }
}

extension NamedPort: MemberRepresentable {
    static var empty: NamedPort { NamedPort(name: "", protocol: .tcp, port: 0) }

    static var named: [Member<NamedPort>] {
        [Member("name", \.name), Member("protocol", \.protocol), Member("port", \.port)]
    }
}

extension NetworkSet: MemberRepresentable {
    static var empty: NetworkSet { NetworkSet(id: NetworkSetID(name: "")) }

    static var named: [Member<NetworkSet>] {
        [
            Member("id", \.id), Member("labels", \.labels), Member("profiles", \.profiles),
            Member("nets", \.nets),
        ]
    }
}

extension ServiceSlice: MemberRepresentable {
    static var empty: ServiceSlice {
        ServiceSlice(service: ServiceID(namespace: "", name: ""), members: [])
    }

    static var named: [Agreement.Member<ServiceSlice>] {
        [Agreement.Member("service", \.service), Agreement.Member("members", \.members)]
    }
}

extension ServiceSlice.Member: MemberRepresentable {
    static var empty: Self { Self(address: Address(high: 0, low: 0), protocol: .tcp, port: 0) }

    static var named: [Agreement.Member<Self>] {
        [
            Agreement.Member("address", \.address), Agreement.Member("protocol", \.protocol),
            Agreement.Member("port", \.port),
        ]
    }
}

extension Flow: MemberRepresentable {
    static var empty: Flow {
        let unspecified = Address(high: 0, low: 0)
        return Flow(source: unspecified, destination: unspecified, protocol: .tcp)
    }

    static var named: [Member<Flow>] {
        [
            Member("protocol", \.protocol), Member("source", \.source),
            Member("sourcePort", \.sourcePort), Member("destination", \.destination),
            Member("destinationPort", \.destinationPort), Member("icmp", \.icmp),
        ]
    }
}

// MARK: Names

extension NetworkSetID: TextRepresentable {
    init?(text: String) {
        let path = text.split(separator: "/").map(String.init)
        self.init(namespace: path.count > 1 ? path[0] : nil, name: path.last ?? "")
    }

    var text: String { description }
}

extension EndpointID: TextRepresentable {
    init?(text: String) {
        let words = text.split(separator: " ").map(String.init)
        switch words.count {
        case 2: self = .host(node: words[0], name: words[1])
        case 3: self = .workload(node: words[0], workload: words[1], endpoint: words[2])
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .workload(let node, let workload, let endpoint): "\(node) \(workload) \(endpoint)"
        case .host(let node, let name): "\(node) \(name)"
        }
    }
}

// MARK: Updates and questions

extension Update: JSONRepresentable {
    package init(json: JSONValue) throws {
        guard let (kind, name) = json.object?.members.first
        else { throw CorpusError(json, "an update") }
        let value = json["is"] ?? .null
        switch kind {
        case "endpoint": self = .endpoint(try .init(json: name), try .init(json: value))
        case "networkSet": self = .networkSet(try .init(json: name), try .init(json: value))
        case "policy": self = .policy(try .init(json: name), try .init(json: value))
        case "tier": self = .tier(try .init(json: name), try .init(json: value))
        case "profile": self = .profile(try .init(json: name), try .init(json: value))
        case "serviceSlice": self = .serviceSlice(try .init(json: name), try .init(json: value))
        default: throw CorpusError(.string(kind), "a kind of object")
        }
    }

    package var json: JSONValue {
        switch self {
        case .endpoint(let id, let value): ["endpoint": id.json, "is": value.json]
        case .networkSet(let id, let value): ["networkSet": id.json, "is": value.json]
        case .policy(let id, let value): ["policy": id.json, "is": value.json]
        case .tier(let name, let value): ["tier": name.json, "is": value.json]
        case .profile(let name, let value): ["profile": name.json, "is": value.json]
        case .serviceSlice(let name, let value): ["serviceSlice": name.json, "is": value.json]
        }
    }
}

extension Case: JSONRepresentable {
    package init(json: JSONValue) throws {
        let flow = try Flow(json: json["flow"] ?? .null)
        self.init(
            flow: flow,
            direction: try Direction(json: json["direction"] ?? .null),
            isStaged: json["isStaged"]?.bool ?? false
        )
    }

    package var json: JSONValue {
        var json: JSONValue = ["direction": direction.json, "flow": flow.json]
        if isStaged { json["isStaged"] = true }
        return json
    }
}
