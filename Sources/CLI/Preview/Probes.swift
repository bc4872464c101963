internal import Evaluate
internal import Model

/// What a truth table asks of a pair: a protocol with a port or an ICMP type.
struct Probe: Hashable, Comparable, Sendable, CustomStringConvertible {
    let `protocol`: IPProtocol
    /// Or the ICMP type.
    let port: UInt16

    /// Probes of one table at most.
    static let limit = 64
    /// For rules that name no port.
    private static let otherPort: UInt16 = 49151

    /// Reads `80`, `80/TCP`, `53/udp`, `icmp`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 1, let named = IPProtocol(text), UInt16(text) == nil {
            self.init(named, named == .icmpv6 ? 128 : named.isICMP ? 8 : 0)
            return
        }
        guard let port = parts.first.flatMap({ UInt16($0) }), parts.count <= 2,
            let named = IPProtocol(parts.count == 2 ? parts[1] : "TCP"), named.hasPorts
        else { return nil }
        self.init(named, port)
    }

    init(_ named: IPProtocol, _ port: UInt16) {
        `protocol` = named
        self.port = port
    }

    var description: String {
        if `protocol`.hasPorts { return "\(port)/\(`protocol`)" }
        return `protocol`.isICMP ? "\(`protocol`) type \(port)" : "\(`protocol`)"
    }

    /// The flow from one address to another; `nil` when the protocol is not of their family.
    func flow(_ source: Address, _ destination: Address) -> Flow? {
        if `protocol` == .icmp, !source.isV4 { return nil }
        if `protocol` == .icmpv6, source.isV4 { return nil }
        var flow = Flow(source: source, destination: destination, protocol: `protocol`)
        if `protocol`.isICMP {
            flow.icmp = ICMPMatch(type: UInt8(clamping: port), code: 0)
        } else if `protocol`.hasPorts {
            flow.sourcePort = 49152
            flow.destinationPort = port
        }
        return flow
    }

    static func < (left: Probe, right: Probe) -> Bool {
        (left.protocol, left.port) < (right.protocol, right.port)
    }

    // MARK: From rules

    /// Every protocol and port that a rule mentions: of ranges both ends, of names what endpoints call
    /// so, and where a rule names no port, one that nobody names.
    static func all(in change: WorldChange) -> [Probe] {
        var probes: Set<Probe> = []
        var names: Set<String> = []
        for rule in change.rules {
            let named = rule.protocol ?? .tcp
            let matches = [rule.source, rule.destination].flatMap { $0.ports + $0.notPorts }
            if named.isICMP {
                let type: UInt8 = rule.icmp?.type ?? (named == .icmp ? 8 : 128)
                probes.insert(Probe(named, UInt16(type)))
            } else if matches.isEmpty || !named.hasPorts {
                probes.insert(Probe(named, named.hasPorts ? otherPort : 0))
            }
            for match in matches {
                switch match {
                case .range(let range):
                    probes.insert(Probe(named, range.lowerBound))
                    probes.insert(Probe(named, range.upperBound))
                case .named(let name): names.insert(name)
                }
            }
        }
        for endpoint in change.after.endpoints.values {
            for port in endpoint.ports where names.contains(port.name) {
                probes.insert(Probe(port.protocol, port.port))
            }
        }
        return probes.sorted()
    }
}
