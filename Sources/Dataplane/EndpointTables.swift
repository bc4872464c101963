import CBPFABI
import Model

/// The small maps of local endpoints: what they hold, or what they should.
struct EndpointTables {
    /// One allowed foreign source of one interface.
    struct Source: Hashable {
        let ifindex: UInt32
        let prefix: Prefix
    }

    var endpoints: [Address: cara_endpoint] = [:]
    var ifaces: [UInt32: cara_iface] = [:]
    var sources: Set<Source> = []
    /// Host endpoints by interface; 0 is that of `*`.
    var hosts: [UInt32: cara_host] = [:]

    /// Programs that a packet may meet.
    var programs: Set<UInt32> {
        var result: Set<UInt32> = []
        for endpoint in endpoints.values { result.formUnion(endpoint.programs) }
        for iface in ifaces.values { result.formUnion(iface.programs) }
        for host in hosts.values { result.formUnion(host.programs) }
        return result
    }

    var slots: Set<UInt32> {
        Set(endpoints.values.map(\.slot)).union(ifaces.values.map(\.slot))
    }

    /// All that connections may have been allowed by.
    var allSlots: Set<UInt32> {
        hosts.isEmpty ? slots : slots.union([UInt32(CARA_SLOT_HOSTS)])
    }

    /// With other programs for those that `ids` names.
    func reformed(by ids: [UInt32: UInt32]) -> EndpointTables {
        guard !ids.isEmpty else { return self }
        var result = self
        func renew(_ id: inout UInt32) { id = ids[id] ?? id }
        for (address, entry) in endpoints {
            var entry = entry
            renew(&entry.ingress_program)
            renew(&entry.egress_program)
            renew(&entry.staged_ingress)
            renew(&entry.staged_egress)
            result.endpoints[address] = entry
        }
        for (index, entry) in ifaces {
            var entry = entry
            renew(&entry.egress_program4)
            renew(&entry.egress_program6)
            renew(&entry.staged_egress4)
            renew(&entry.staged_egress6)
            result.ifaces[index] = entry
        }
        result.hosts = hosts.mapValues { $0.reformed(by: ids) }
        return result
    }

    /// Slots of endpoints under any of `programs`.
    func slots(under programs: Set<UInt32>) -> Set<UInt32> {
        var result: Set<UInt32> = []
        for endpoint in endpoints.values where !programs.isDisjoint(with: endpoint.programs) {
            result.insert(endpoint.slot)
        }
        for iface in ifaces.values where !programs.isDisjoint(with: iface.programs) {
            result.insert(iface.slot)
        }
        if hosts.values.contains(where: { !$0.programs.isDisjoint(with: programs) }) {
            result.insert(UInt32(CARA_SLOT_HOSTS))
        }
        // Connections between two workloads meet the endpoint of `*`, and have no place to say so.
        if let any = hosts[HostEndpoints.anyInterface],
            !any.programsOfWorkloads.isDisjoint(with: programs)
        {
            result.formUnion(slots)
        }
        return result
    }
}

extension cara_endpoint {
    /// Enforced and staged; 0 is among them.
    var programs: [UInt32] { [ingress_program, egress_program, staged_ingress, staged_egress] }

    func differsInPolicyAlone(from other: cara_endpoint) -> Bool {
        var copy = other
        copy.ingress_program = ingress_program
        copy.egress_program = egress_program
        copy.staged_ingress = staged_ingress
        copy.staged_egress = staged_egress
        return sameBytes(self, copy)
    }
}

extension cara_iface {
    /// Enforced and staged; 0 is among them.
    var programs: [UInt32] { [egress_program4, egress_program6, staged_egress4, staged_egress6] }

    func differsInPolicyAlone(from other: cara_iface) -> Bool {
        slot == other.slot && flags == other.flags
    }
}

extension EndpointTables {
    /// Reads what the kernel holds; an entry that is no prefix is left to be removed by hand.
    init(readingFrom maps: some MapStore) throws(DataplaneError) {
        for (address, endpoint) in try maps.entries(of: Maps.endpoints) {
            endpoints[Address(address)] = endpoint
        }
        for (index, iface) in try maps.entries(of: Maps.ifaces) { ifaces[index] = iface }
        for (key, _) in try maps.entries(of: Maps.spoof) {
            guard let source = Source(key) else { continue }
            sources.insert(source)
        }
        for (index, host) in try maps.entries(of: Maps.hosts) { hosts[index] = host }
    }
}

extension EndpointTables.Source {
    init?(_ key: cara_spoof_key) {
        let address = Address(key.addr)
        let mapped = Int(key.prefixlen) - 32
        let length = mapped - 128 + address.family.bitWidth
        guard let prefix = Prefix(address, length: length) else { return nil }
        self.init(ifindex: UInt32(bigEndian: key.ifindex), prefix: prefix)
    }

    var key: cara_spoof_key { cara_spoof_key(ifindex: ifindex, prefix) }
}

/// What turns one state of the endpoint maps into another.
///
/// An interface knows its foreign sources before it is told to look for them, and is known itself
/// before its addresses are; removal goes the other way.
struct EndpointDelta {
    var sources: MapDelta<cara_spoof_key, UInt32>
    var ifaces: MapDelta<UInt32, cara_iface>
    var endpoints: MapDelta<cara_addr, cara_endpoint>
    var hosts: MapDelta<UInt32, cara_host>
    /// Slots that were in use and whose entries change or go: their connections are judged anew.
    var movedSlots: Set<UInt32> = []
    /// Those among them whose entries are another endpoint's or lead elsewhere now: more than another
    /// policy.
    var reownedSlots: Set<UInt32> = []

    init(from actual: EndpointTables, to desired: EndpointTables) {
        sources = MapDelta(
            writes: desired.sources.subtracting(actual.sources).map { ($0.key, 1) },
            removals: actual.sources.subtracting(desired.sources).map(\.key)
        )
        ifaces = MapDelta(
            from: actual.ifaces.map { ($0.key, $0.value) },
            to: desired.ifaces.map { ($0.key, $0.value) }
        )
        endpoints = MapDelta(
            from: actual.endpoints.map { (cara_addr($0.key), $0.value) },
            to: desired.endpoints.map { (cara_addr($0.key), $0.value) }
        )
        hosts = MapDelta(
            from: actual.hosts.map { ($0.key, $0.value) },
            to: desired.hosts.map { ($0.key, $0.value) }
        )
        if !hosts.isEmpty {
            movedSlots = actual.allSlots.union(desired.allSlots).union([UInt32(CARA_SLOT_HOSTS)])
        }
        for key in endpoints.writes.map(\.key) + endpoints.removals {
            let address = Address(key)
            guard let former = actual.endpoints[address] else { continue }
            movedSlots.insert(former.slot)
            if desired.endpoints[address].map({ $0.differsInPolicyAlone(from: former) }) != true {
                reownedSlots.insert(former.slot)
            }
        }
        for index in ifaces.writes.map(\.key) + ifaces.removals {
            guard let former = actual.ifaces[index] else { continue }
            movedSlots.insert(former.slot)
            if desired.ifaces[index].map({ $0.differsInPolicyAlone(from: former) }) != true {
                reownedSlots.insert(former.slot)
            }
        }
    }

    var isEmpty: Bool {
        sources.isEmpty && ifaces.isEmpty && endpoints.isEmpty && hosts.isEmpty
    }
}
