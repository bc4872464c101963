internal import Evaluate
internal import Model
internal import Selector

/// All that the rules of a world can ask of an address.
///
/// Addresses with the same facts have the same verdicts, so that one of them is judged for all. This is
/// only about which questions are asked twice; what the answer is, the evaluator says.
struct AddressFacts: Hashable, Sendable {
    /// Something that owns the address.
    struct Owner: Hashable, Sendable {
        /// Of labels that no selector in use can tell apart.
        let labels: Int
        let ports: [NamedPort]
        /// In whose order the address's own policy is judged; empty for network sets.
        let profiles: [String]
    }

    var owners: Set<Owner> = []
    /// The workload whose policy is the address's own.
    var local: Owner?
    /// Nets of rules that it lies in.
    var nets: Set<Prefix> = []
    /// Members of services that it is.
    var services: Set<ServicePoint> = []

    struct ServicePoint: Hashable, Sendable {
        let service: ServiceID
        let `protocol`: IPProtocol
        let port: UInt16
    }
}

/// Works facts out for many addresses at once.
struct AddressFactTable: Sendable {
    /// More questions than this are not asked: then labels count as they are.
    private static let limit = 4_000_000

    private let addresses: [Address]
    private(set) var facts: [Address: AddressFacts] = [:]

    init(_ world: PolicyWorld, _ addresses: Set<Address>) {
        self.addresses = addresses.sorted()
        for address in addresses { facts[address] = AddressFacts() }
        let rules =
            world.policies.values.flatMap { $0.ingress + $0.egress }
            + world.profiles.values.flatMap { $0.ingress + $0.egress }
        let ends = rules.flatMap { [$0.source, $0.destination] }
        for net in Set(ends.flatMap { $0.nets + $0.notNets }) {
            forEach(in: net) { $0.nets.insert(net) }
        }
        addOwners(world, ends)
        for slice in world.serviceSlices.values {
            for member in slice.members {
                facts[member.address]?.services.insert(
                    .init(
                        service: slice.service,
                        protocol: member.protocol,
                        port: member.port
                    )
                )
            }
        }
    }

    private mutating func addOwners(_ world: PolicyWorld, _ ends: [EntityMatch]) {
        let texts = Set(
            world.policies.values.map(\.selector)
                + ends.flatMap { $0.selectors + $0.notSelectors }
        )
        let count = world.endpoints.count + world.networkSets.count
        var classes = LabelClasses(texts.count * count > Self.limit ? nil : texts.sorted())
        for endpoint in world.endpoints.values.sorted(by: EndpointID.areInOrder) {
            let owned = endpoint.addresses.filter { facts[$0] != nil }
            guard !owned.isEmpty else { continue }
            let labels = world.labels(endpoint.labels, profiles: endpoint.profiles)
            let owner = AddressFacts.Owner(
                labels: classes.number(of: labels),
                ports: endpoint.ports,
                profiles: endpoint.profiles
            )
            for address in owned {
                facts[address]?.owners.insert(owner)
                if endpoint.id.isWorkload, facts[address]?.local == nil {
                    facts[address]?.local = owner
                }
            }
        }
        for set in world.networkSets.values {
            let labels = world.labels(set.labels, profiles: set.profiles)
            var owner: AddressFacts.Owner?
            for net in set.nets {
                forEach(in: net) { facts in
                    let known =
                        owner
                        ?? .init(labels: classes.number(of: labels), ports: [], profiles: [])
                    owner = known
                    facts.owners.insert(known)
                }
            }
        }
    }

    /// The addresses inside the prefix, found by their order.
    private mutating func forEach(in net: Prefix, _ body: (inout AddressFacts) -> Void) {
        var (low, high) = (0, addresses.count)
        while low < high {
            let middle = (low + high) / 2
            if addresses[middle] < net.address { low = middle + 1 } else { high = middle }
        }
        // Among short IPv6 prefixes lie the mapped IPv4 addresses, which they do not contain.
        while low < addresses.count, net.spans(addresses[low]) {
            if net.contains(addresses[low]), var known = facts[addresses[low]] {
                body(&known)
                facts[addresses[low]] = known
            }
            low += 1
        }
    }
}

/// Numbers for labels by the selectors that match them.
private struct LabelClasses {
    private let selectors: [Selector]?
    private var numbers: [[Bool]: Int] = [:]
    private var known: [[String: String]: Int] = [:]

    /// `nil` tells all labels apart.
    init(_ texts: [String]?) {
        selectors = texts?.compactMap { try? Selector(parsing: $0) }
    }

    mutating func number(of labels: [String: String]) -> Int {
        if let number = known[labels] { return number }
        let number: Int
        if let selectors {
            let answers = selectors.map { $0.matches(labels) }
            number = numbers[answers] ?? numbers.count
            numbers[answers] = number
        } else {
            number = known.count
        }
        known[labels] = number
        return number
    }
}

extension EndpointID {
    var isWorkload: Bool {
        if case .workload = self { true } else { false }
    }

    /// The order in which endpoints get an address that several claim.
    static func areInOrder(_ left: Endpoint, _ right: Endpoint) -> Bool {
        (left.id.description, left.id.node) < (right.id.description, right.id.node)
    }
}

extension Prefix {
    /// Whether the address lies in the range of numbers that the prefix begins, of whatever family.
    func spans(_ other: Address) -> Bool {
        other.masked(mappedLength: mappedLength) == address
    }
}
