package import Model

/// One question that rules ask about a remote address.
///
/// The address's label class is the set of those that it answers with yes.
package enum Matcher: Hashable, Sendable {
    /// Some endpoint or network set that has the address matches the selector (canonical text).
    case selector(String)
    /// The address lies in one of the nets, which are sorted and unique.
    case nets([Prefix])
    /// Some endpoint that has the address has the port, under that name, and matches all selectors.
    case namedPort(NamedPort, selectors: [String])
    /// The address is one of the service's endpoints.
    case service(ServiceID)
    /// The address with this protocol and port is one of the service's endpoints.
    case servicePort(ServiceID, IPProtocol, UInt16)

    /// The same on every node and after every start.
    package var stableHash: UInt64 {
        switch self {
        case .selector(let text):
            var hash = StableHash(kind: 1)
            hash.combine(text)
            return hash.value
        case .nets(let nets):
            var hash = StableHash(kind: 2)
            for net in nets {
                hash.combine(net.address.high)
                hash.combine(net.address.low)
                hash.combine(UInt64(net.mappedLength))
            }
            return hash.value
        case .namedPort(let port, let selectors):
            var hash = StableHash(kind: 3)
            hash.combine(port.name)
            hash.combine(UInt64(port.protocol.rawValue) << 16 | UInt64(port.port))
            for selector in selectors { hash.combine(selector) }
            return hash.value
        case .service(let service):
            return Self.hash(kind: 4, service).value
        case .servicePort(let service, let `protocol`, let port):
            var hash = Self.hash(kind: 5, service)
            hash.combine(UInt64(`protocol`.rawValue) << 16 | UInt64(port))
            return hash.value
        }
    }

    private static func hash(kind: UInt64, _ service: ServiceID) -> StableHash {
        var hash = StableHash(kind: kind)
        hash.combine(service.namespace)
        hash.combine(service.name)
        return hash
    }
}

/// A matcher in use: its place in the index.
package typealias MatcherID = Int32

/// Matchers in use, counted by who asks.
struct MatcherTable: Sendable {
    private var matchers: [Matcher?] = []
    private var hashes: [UInt64] = []
    private var uses: [Int32] = []
    private var ids: [Matcher: MatcherID] = [:]
    private var free: [MatcherID] = []
    private var retired: [MatcherID] = []
    /// Acquired since the last look, nothing is classified by them yet.
    private(set) var fresh: Set<MatcherID> = []
    /// No longer asked for, but classes still tell addresses apart by them.
    private(set) var unused: Set<MatcherID> = []

    subscript(id: MatcherID) -> Matcher? { matchers[Int(id)] }

    func hash(of id: MatcherID) -> UInt64 { hashes[Int(id)] }

    mutating func acquire(_ matcher: Matcher) -> MatcherID {
        if let id = ids[matcher] {
            uses[Int(id)] += 1
            unused.remove(id)
            return id
        }
        let id = free.popLast() ?? MatcherID(matchers.count)
        if id == matchers.count {
            matchers.append(nil)
            hashes.append(0)
            uses.append(0)
        }
        matchers[Int(id)] = matcher
        hashes[Int(id)] = matcher.stableHash
        uses[Int(id)] = 1
        ids[matcher] = id
        fresh.insert(id)
        return id
    }

    mutating func release(_ id: MatcherID) {
        uses[Int(id)] -= 1
        if uses[Int(id)] == 0 { unused.insert(id) }
    }

    mutating func takeFresh() -> [MatcherID] {
        defer { fresh = [] }
        return fresh.sorted()
    }

    /// Forgets a matcher that nobody asks for.
    mutating func retire(_ id: MatcherID) {
        precondition(uses[Int(id)] == 0, "matcher \(id) is in use")
        if let matcher = matchers[Int(id)] { ids[matcher] = nil }
        matchers[Int(id)] = nil
        unused.remove(id)
        fresh.remove(id)
        retired.append(id)
    }

    /// Lets the numbers of retired matchers be given again, now that no set has them any more.
    mutating func reuseRetired() {
        free += retired
        retired = []
    }
}
