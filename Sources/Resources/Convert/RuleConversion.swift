internal import JSON
internal import Model
internal import Selector

// Rules of Calico's policies and profiles.

extension Field {
    /// A rule; `namespace` is that of the policy, `nil` in global policies and profiles.
    ///
    /// The HTTP clause is not read: as in Calico, only an L7 proxy can enforce it.
    func rule(namespace: String?) throws(ConversionError) -> Rule {
        let action = try required("action")
        guard let known = Action(rawValue: try action.string()) else {
            throw action.expected("Allow, Deny, Log or Pass")
        }
        var rule = Rule(known)
        if let version = self["ipVersion"] {
            guard let family = try Family(rawValue: version.integer(UInt8.self, in: 4...6))
            else { throw version.expected("4 or 6") }
            rule.family = family
        }
        rule.protocol = try self["protocol"]?.ipProtocol()
        rule.notProtocol = try self["notProtocol"]?.ipProtocol()
        rule.icmp = try self["icmp"]?.icmpMatch()
        rule.notICMP = try self["notICMP"]?.icmpMatch()
        rule.source = try self["source"]?.entityMatch(namespace: namespace) ?? EntityMatch()
        rule.destination =
            try self["destination"]?.entityMatch(namespace: namespace) ?? EntityMatch()
        rule.annotations = try self["metadata"]?.stringMap("annotations") ?? [:]
        return rule
    }

    /// The rules of a list; those of the same policy that are known need not be converted again.
    func rules(
        _ key: String,
        namespace: String?,
        knowing known: KnownRules? = nil
    ) throws(ConversionError) -> [Rule] {
        guard let known, let written = self[key]?.value.array else {
            return try list(key).map { field throws(ConversionError) in
                try field.rule(namespace: namespace)
            }
        }
        var rules: [Rule] = []
        rules.reserveCapacity(written.count)
        for (index, value) in written.enumerated() {
            if let rule = known.rule(key, index, value) {
                rules.append(rule)
                continue
            }
            let place = "\(path.isEmpty ? key : "\(path).\(key)")[\(index)]"
            let field = Field(object: object, path: place, value: value)
            rules.append(try field.rule(namespace: namespace))
        }
        return rules
    }

    /// `nil` when neither type nor code is given: then it asks for nothing.
    private func icmpMatch() throws(ConversionError) -> ICMPMatch? {
        let code = try self["code"]?.integer(UInt8.self, in: 0...255)
        guard let type = self["type"] else {
            if code != nil { throw error("has a code without a type") }
            return nil
        }
        return ICMPMatch(type: try type.integer(UInt8.self, in: 0...255), code: code)
    }

    // MARK: One end

    private func entityMatch(namespace: String?) throws(ConversionError) -> EntityMatch {
        var match = EntityMatch()
        match.nets = try prefixes("nets")
        match.notNets = try prefixes("notNets")
        match.ports = try ports("ports")
        match.notPorts = try ports("notPorts")
        if let selector = try endpointSelector(namespace: namespace) {
            match.selectors = [selector.canonical]
        }
        if let refused = try child(selector: "notSelector")?.selector() {
            match.notSelectors = [refused.canonical]
        }
        if let services = self["services"], let name = try services.text("name") {
            guard let namespace = try services.text("namespace") ?? namespace else {
                throw services.error("needs a namespace in a global policy")
            }
            match.service = ServiceID(namespace: namespace, name: name)
        }
        return match
    }

    /// All that the rule asks of the endpoint in one selector; `nil` when it asks for nothing.
    ///
    /// In a namespaced policy anything that selects endpoints selects them in the policy's namespace,
    /// unless a namespace selector takes its place.
    private func endpointSelector(namespace: String?) throws(ConversionError) -> Selector? {
        var parts: [Selector] = []
        if let own = try child(selector: "selector") { parts.append(try own.selector()) }
        let accounts = try serviceAccountSelectors()
        if let wider = try child(selector: "namespaceSelector") {
            parts.append(try wider.namespaceSelector())
        } else if let namespace {
            let refused = try child(selector: "notSelector")
            if !parts.isEmpty || !accounts.isEmpty || refused != nil {
                parts.append(.inNamespace(namespace))
            }
        }
        parts += accounts
        return parts.isEmpty ? nil : .conjunction(parts)
    }

    private func serviceAccountSelectors() throws(ConversionError) -> [Selector] {
        guard let accounts = self["serviceAccounts"] else { return [] }
        var parts: [Selector] = []
        let names = try accounts.strings("names")
        if !names.isEmpty { parts.append(.isIn(WellKnown.serviceAccount, names)) }
        if let selector = try accounts.child(selector: "selector") {
            parts.append(try selector.serviceAccountSelector())
        }
        return parts
    }

    // MARK: Ports

    private func ports(_ key: String) throws(ConversionError) -> [PortMatch] {
        try list(key).map { field throws(ConversionError) in try field.portMatch() }
    }

    /// A number, `first:last` or the name of a port.
    func portMatch() throws(ConversionError) -> PortMatch {
        if isInteger {
            let port = try integer(UInt16.self, in: 0...65535)
            return .range(port...port)
        }
        let text = try string()
        if let port = UInt16(text) { return .range(port...port) }
        guard let colon = text.firstIndex(of: ":") else {
            let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard !isNumber else { throw expected("a port") }
            return .named(text)
        }
        guard let first = UInt16(text[..<colon]),
            let last = UInt16(text[text.index(after: colon)...]),
            first <= last
        else { throw expected("a port, a range first:last or a port's name") }
        return .range(first...last)
    }
}
