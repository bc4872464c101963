internal import Model

/// What rules name that stands for something else at another time.
struct References {
    var portNames: Set<String> = []
    var services: Set<ServiceID> = []

    init(_ policy: Policy) {
        insert(policy.ingress)
        insert(policy.egress)
    }

    init(_ profile: Profile) {
        insert(profile.ingress)
        insert(profile.egress)
    }

    private mutating func insert(_ rules: [Rule]) {
        for rule in rules {
            insert(rule.source)
            insert(rule.destination)
        }
    }

    private mutating func insert(_ end: EntityMatch) {
        for port in end.ports { if let name = port.name { portNames.insert(name) } }
        for port in end.notPorts { if let name = port.name { portNames.insert(name) } }
        if let service = end.service { services.insert(service) }
    }
}

/// From what policies name to the policies.
struct ReverseIndex<Key: Hashable & Sendable>: Sendable {
    private var bySlot: [Key: Set<Int32>] = [:]

    mutating func insert(_ slot: Int32, _ keys: Set<Key>) {
        for key in keys { bySlot[key, default: []].insert(slot) }
    }

    mutating func remove(_ slot: Int32, _ keys: Set<Key>) {
        for key in keys {
            bySlot[key]?.remove(slot)
            if bySlot[key]?.isEmpty == true { bySlot[key] = nil }
        }
    }

    func slots(_ keys: Set<Key>) -> Set<Int32> {
        keys.reduce(into: []) { $0.formUnion(bySlot[$1] ?? []) }
    }
}
