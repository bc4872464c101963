package import JSON
import Model

// Three forms over time:
//
//     0.1.0, 0.2.0   ip4 { ip, gateway, routes }, ip6 { … }, dns
//     0.3.0 – 0.4.0  interfaces, ips [{ version, address, gateway, interface }], routes, dns
//     1.0.0, 1.1.0   the same without version

extension CNIResult {
    /// What goes to standard output, for a runtime of that version.
    package func json(for version: CNIVersion) -> JSONValue {
        var json: JSONValue = ["cniVersion": .string(version.rawValue)]
        if version.hasInterfaces {
            if !interfaces.isEmpty {
                json["interfaces"] = .array(interfaces.map { $0.json(for: version) })
            }
            if !addresses.isEmpty {
                json["ips"] = .array(addresses.map { $0.json(for: version) })
            }
            if !routes.isEmpty { json["routes"] = .array(routes.map { $0.json(for: version) }) }
        } else {
            for family in Family.allCases { json["ip\(family.rawValue)"] = oldForm(family) }
        }
        json["dns"] = dns
        return json
    }

    /// Only the first address of a family can be told.
    private func oldForm(_ family: Family) -> JSONValue? {
        guard let address = addresses.first(where: { $0.address.family == family })
        else { return nil }
        var json: JSONValue = ["ip": .string(address.text)]
        json["gateway"] = address.gateway.map { .string($0.description) }
        let routes = routes.filter { $0.destination.family == family }
        if !routes.isEmpty { json["routes"] = .array(routes.map { $0.json(for: .v0_2_0) }) }
        return json
    }
}

extension CNIInterface {
    fileprivate func json(for version: CNIVersion) -> JSONValue {
        var json: JSONValue = ["name": .string(name)]
        if !mac.isEmpty { json["mac"] = .string(mac) }
        if !sandbox.isEmpty { json["sandbox"] = .string(sandbox) }
        if version >= .v1_1_0, let mtu { json["mtu"] = .int(Int64(mtu)) }
        return json
    }
}

extension CNIAddress {
    fileprivate var text: String { "\(address)/\(prefixLength)" }

    fileprivate func json(for version: CNIVersion) -> JSONValue {
        var json: JSONValue = [:]
        if version.namesFamilies { json["version"] = .string("\(address.family.rawValue)") }
        json["interface"] = interface.map { .int(Int64($0)) }
        json["address"] = .string(text)
        json["gateway"] = gateway.map { .string($0.description) }
        return json
    }
}

extension CNIRoute {
    fileprivate func json(for version: CNIVersion) -> JSONValue {
        var json: JSONValue = ["dst": .string(destination.description)]
        json["gw"] = gateway.map { .string($0.description) }
        if version >= .v1_1_0 {
            for (key, value) in others.members { json[key] = value }
        }
        return json
    }
}

// MARK: - Reading

extension CNIResult {
    /// Reads a result of any version, such as `prevResult`.
    package init(json: JSONValue) throws(CNIError) {
        self.init(dns: json["dns"])
        for value in try Self.list(json, "interfaces") {
            interfaces.append(try CNIInterface(json: value))
        }
        for value in try Self.list(json, "ips") {
            addresses.append(try CNIAddress(json: value, text: "address"))
        }
        for value in try Self.list(json, "routes") { routes.append(try CNIRoute(json: value)) }
        for family in Family.allCases {
            guard let value = json["ip\(family.rawValue)"], !value.isNull else { continue }
            addresses.append(try CNIAddress(json: value, text: "ip"))
            for route in try Self.list(value, "routes") { routes.append(try CNIRoute(json: route)) }
        }
        for address in addresses {
            guard let interface = address.interface else { continue }
            guard interfaces.indices.contains(interface) else {
                throw CNIError.invalidResult("ips.interface", "\(interface)", "no such interface")
            }
        }
    }

    private static func list(_ json: JSONValue, _ key: String) throws(CNIError) -> [JSONValue] {
        guard let value = json[key], !value.isNull else { return [] }
        guard let list = value.array else {
            throw CNIError.invalidResult(key, value.description, "expected a list")
        }
        return list
    }
}

extension CNIInterface {
    fileprivate init(json: JSONValue) throws(CNIError) {
        guard let name = json["name"]?.string else {
            throw CNIError.invalidResult("interfaces", json.description, "expected a name")
        }
        self.init(
            name: name,
            mac: json["mac"]?.string ?? "",
            sandbox: json["sandbox"]?.string ?? "",
            mtu: json["mtu"]?.int.flatMap(UInt32.init(exactly:))
        )
    }
}

extension CNIAddress {
    fileprivate init(json: JSONValue, text key: String) throws(CNIError) {
        let text = json[key]?.string ?? ""
        // Prefix clears the bits of the host, so it only proves the form.
        guard let slash = text.firstIndex(of: "/"), let prefix = Prefix(text),
            let address = Address(text[..<slash])
        else { throw CNIError.invalidResult(key, text, "expected address/length") }
        self.init(
            address: address,
            prefixLength: prefix.length,
            gateway: try Address(gateway: json["gateway"]),
            interface: json["interface"]?.int.flatMap(Int.init(exactly:))
        )
    }
}

extension CNIRoute {
    fileprivate init(json: JSONValue) throws(CNIError) {
        let text = json["dst"]?.string ?? ""
        guard let destination = Prefix(text) else {
            throw CNIError.invalidResult("routes.dst", text, "expected a prefix")
        }
        var others = json.object ?? JSONObject()
        others["dst"] = nil
        others["gw"] = nil
        self.init(
            destination: destination,
            gateway: try Address(gateway: json["gw"]),
            others: others
        )
    }
}

extension Address {
    fileprivate init?(gateway json: JSONValue?) throws(CNIError) {
        guard let text = json?.string, !text.isEmpty else { return nil }
        guard let address = Address(text) else {
            throw CNIError.invalidResult("gateway", text, "expected an address")
        }
        self = address
    }
}

extension CNIError {
    fileprivate static func invalidResult(
        _ key: String,
        _ value: String,
        _ expected: String
    ) -> CNIError {
        CNIError(.decoding, "invalid result: \(key)", details: "\(value): \(expected)")
    }
}
