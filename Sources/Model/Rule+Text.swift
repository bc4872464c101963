// Rules in words.

extension RuleName: CustomStringConvertible {
    /// `NetworkPolicy shop/web, ingress rule 0`, `end of tier default`.
    package var description: String {
        let direction = direction.rawValue.lowercased()
        return switch owner {
        case .policy(let id): "\(id), \(direction) rule \(index)"
        case .profile(let name) where index < 0: "Profile \(name), which does not exist"
        case .profile(let name): "Profile \(name), \(direction) rule \(index)"
        case .endOfTier: "end of tier \(tier)"
        case .noMatch: "no policy and no profile matches"
        }
    }
}

extension Rule {
    /// `Allow TCP from role == 'client' to port 80,443`.
    package var text: String {
        var words = [action.rawValue]
        if let family { words.append(family == .v4 ? "IPv4" : "IPv6") }
        if let proto = `protocol` { words.append("\(proto)") }
        if let excluded = notProtocol { words.append("not \(excluded)") }
        if let icmp { words.append(Self.text(icmp)) }
        if let notICMP { words.append("not \(Self.text(notICMP))") }
        if !source.isAny { words.append("from \(source.text)") }
        if !destination.isAny { words.append("to \(destination.text)") }
        if `protocol` == nil, words.count == 1 { words.append("everything") }
        return words.joined(separator: " ")
    }

    private static func text(_ icmp: ICMPMatch) -> String {
        "type \(icmp.type)" + (icmp.code.map { " code \($0)" } ?? "")
    }
}

extension EntityMatch {
    /// The conditions on one end, all of which must hold.
    package var text: String {
        var parts: [String] = []
        parts += selectors
        parts += notSelectors.map { "not (\($0))" }
        if let service { parts.append("service \(service)") }
        if !nets.isEmpty { parts.append(Self.list(nets)) }
        if !notNets.isEmpty { parts.append("not \(Self.list(notNets))") }
        if !ports.isEmpty { parts.append("port \(Self.list(ports))") }
        if !notPorts.isEmpty { parts.append("not port \(Self.list(notPorts))") }
        return parts.isEmpty ? "anyone" : parts.joined(separator: ", ")
    }

    private static func list(_ items: [some CustomStringConvertible]) -> String {
        items.map(\.description).joined(separator: ",")
    }
}

extension PortMatch: CustomStringConvertible {
    /// `80`, `8000:8999` or a name, as Calico writes them.
    package var description: String {
        switch self {
        case .range(let range) where range.count == 1: "\(range.lowerBound)"
        case .range(let range): "\(range.lowerBound):\(range.upperBound)"
        case .named(let name): name
        }
    }
}
