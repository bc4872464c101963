package import Model

// The members of the model's structs, and the texts of its small values.

extension Policy: MemberRepresentable {
    static var empty: Policy {
        let id = PolicyID(kind: .networkPolicy, namespace: "", name: "")
        return Policy(id: id, appliesToIngress: false, appliesToEgress: false)
    }

    static var named: [Member<Policy>] {
        [
            Member("id", \.id), Member("tier", \.tier), Member("order", \.order),
            Member("selector", \.selector), Member("ingress", \.ingress),
            Member("egress", \.egress), Member("appliesToIngress", \.appliesToIngress),
            Member("appliesToEgress", \.appliesToEgress), Member("doNotTrack", \.doNotTrack),
            Member("preDNAT", \.preDNAT), Member("applyOnForward", \.applyOnForward),
            Member("stagedAction", \.stagedAction),
        ]
    }
}

extension Tier: MemberRepresentable {
    static var empty: Tier { Tier(name: "") }

    static var named: [Member<Tier>] {
        [
            Member("name", \.name), Member("order", \.order),
            Member("defaultAction", \.defaultAction),
        ]
    }
}

extension Profile: MemberRepresentable {
    static var empty: Profile { Profile(name: "") }

    static var named: [Member<Profile>] {
        [
            Member("name", \.name), Member("labelsToApply", \.labelsToApply),
            Member("ingress", \.ingress), Member("egress", \.egress),
        ]
    }
}

extension Rule: MemberRepresentable {
    static var empty: Rule { Rule(.allow) }

    static var named: [Member<Rule>] {
        [
            Member("action", \.action), Member("family", \.family),
            Member("protocol", \.protocol), Member("notProtocol", \.notProtocol),
            Member("icmp", \.icmp), Member("notICMP", \.notICMP), Member("source", \.source),
            Member("destination", \.destination), Member("annotations", \.annotations),
        ]
    }
}

extension EntityMatch: MemberRepresentable {
    static var empty: EntityMatch { EntityMatch() }

    static var named: [Member<EntityMatch>] {
        [
            Member("nets", \.nets), Member("notNets", \.notNets),
            Member("selectors", \.selectors), Member("notSelectors", \.notSelectors),
            Member("ports", \.ports), Member("notPorts", \.notPorts),
            Member("service", \.service),
        ]
    }
}

// MARK: Texts

extension Action: TextRepresentable {
    init?(text: String) { self.init(rawValue: text) }

    var text: String { rawValue }
}

extension Direction: TextRepresentable {
    init?(text: String) { self.init(rawValue: text) }

    var text: String { rawValue }
}

extension Family: TextRepresentable {
    init?(text: String) { self.init(rawValue: text == "IPv4" ? 4 : 6) }

    var text: String { "IPv\(rawValue)" }
}

extension IPProtocol: TextRepresentable {
    // The text of number 0, which names no protocol, is "0".
    init?(text: String) {
        guard let number = text == "0" ? IPProtocol(rawValue: 0) : IPProtocol(text)
        else { return nil }
        self = number
    }

    var text: String { description }
}

extension Prefix: TextRepresentable {
    init?(text: String) { self.init(text) }

    var text: String { description }
}

extension Address: TextRepresentable {
    init?(text: String) { self.init(text) }

    var text: String { description }
}

extension ICMPMatch: TextRepresentable {
    init?(text: String) {
        let numbers = text.split(separator: "/").map { UInt8($0) }
        guard let type = numbers.first.flatMap({ $0 }) else { return nil }
        self.init(type: type, code: numbers.count > 1 ? numbers[1] : nil)
    }

    var text: String { "\(type)" + (code.map { "/\($0)" } ?? "") }
}

extension PortMatch: TextRepresentable {
    init?(text: String) {
        let bounds = text.split(separator: ":").compactMap { UInt16($0) }
        if bounds.count == 2, bounds[0] <= bounds[1] {
            self = .range(bounds[0]...bounds[1])
        } else {
            self = .named(text)
        }
    }

    var text: String {
        switch self {
        case .range(let range): "\(range.lowerBound):\(range.upperBound)"
        case .named(let name): name
        }
    }
}

extension ServiceID: TextRepresentable {
    init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        self.init(namespace: parts[0], name: parts[1])
    }

    var text: String { description }
}

extension PolicyID: TextRepresentable {
    init?(text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 2, let kind = PolicyKind(rawValue: words[0]) else { return nil }
        let path = words[1].split(separator: "/").map(String.init)
        self.init(kind: kind, namespace: path.count > 1 ? path[0] : nil, name: path.last ?? "")
    }

    var text: String { description }
}
