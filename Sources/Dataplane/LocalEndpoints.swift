import CBPFABI
import Compile
package import Model

/// Two endpoints claim one address; the first keeps it.
package struct AddressConflict: Hashable, Sendable {
    package let address: Address
    package let owner: EndpointID
    package let other: EndpointID
}

/// The host end of a workload's link.
struct HostLink: Hashable {
    let index: UInt32
    let mac: MAC
}

/// Which endpoints are on this node, over which links, and whose each address is.
///
/// An address has one owner: the endpoint whose entry the kernel has, else the one that was
/// registered first. It stays the owner until it goes or its link does.
struct LocalEndpoints {
    /// An endpoint and its place in the order of registration.
    private struct Registration {
        var endpoint: Endpoint
        let order: Int
    }

    /// What the maps must hold, and what is in the way of holding more.
    struct Resolution {
        var tables = EndpointTables()
        var conflicts: [AddressConflict] = []
        /// Owners of addresses whose programs are another endpoint's.
        var owners: [Address: EndpointID] = [:]
    }

    private var registered: [EndpointID: Registration] = [:]
    private var links: [String: HostLink] = [:]
    private var owners: [Address: EndpointID] = [:]
    private var slots: [EndpointID: UInt32] = [:]
    /// Slots given to endpoints that had none: their generation must move before use.
    private(set) var freshSlots: Set<UInt32> = []
    private var nextOrder = 0

    var interfaces: Set<String> { Set(registered.values.compactMap(\.endpoint.interface)) }

    var ids: some Collection<EndpointID> { registered.keys }

    /// Adds an endpoint, or replaces what was known of it.
    mutating func register(_ endpoint: Endpoint) {
        let order = registered[endpoint.id]?.order ?? nextOrder
        nextOrder += 1
        registered[endpoint.id] = Registration(endpoint: endpoint, order: order)
    }

    mutating func unregister(_ id: EndpointID) {
        registered[id] = nil
    }

    /// The link of that name came, changed or went.
    mutating func setLink(_ link: HostLink?, of interface: String) {
        links[interface] = link
    }

    /// The generations of all fresh slots have moved.
    mutating func freshSlotsMoved() {
        freshSlots = []
    }

    func endpoint(_ id: EndpointID) -> Endpoint? { registered[id]?.endpoint }

    func owner(of address: Address) -> EndpointID? { owners[address] }

    func link(named interface: String) -> HostLink? { links[interface] }

    func link(of id: EndpointID) -> HostLink? {
        registered[id]?.endpoint.interface.flatMap { links[$0] }
    }
}

// MARK: - Resolution

extension LocalEndpoints {
    /// What the maps must hold under `policy`, given what they hold.
    mutating func resolve(
        _ policy: DesiredPolicy,
        actual: EndpointTables
    ) throws(DataplaneError) -> Resolution {
        var result = Resolution()
        settleOwners(actual, &result.conflicts)
        var live: Set<EndpointID> = []
        for (address, programs) in policy.endpoints.sorted(by: { $0.key < $1.key }) {
            guard let owner = owners[address], let link = link(of: owner) else { continue }
            guard owner == programs.id else {
                // The policy engine has the address with the one that came later: what the owner
                // has stays as it is until the engine knows better.
                result.owners[address] = owner
                if let former = actual.endpoints[address], former.ifindex == link.index {
                    result.tables.endpoints[address] = former
                    result.tables.ifaces[link.index] = actual.ifaces[link.index]
                }
                continue
            }
            guard let mac = mac(of: owner, address, link, actual) else { continue }
            let slot = try slot(of: owner, link, actual)
            result.tables.endpoints[address] = cara_endpoint(link, slot, mac, programs)
            live.insert(owner)
        }
        for id in live { addInterface(of: id, policy, &result.tables) }
        let used = result.tables.slots
        slots = slots.filter { used.contains($0.value) }
        freshSlots.formIntersection(used)
        return result
    }

    private mutating func settleOwners(
        _ actual: EndpointTables,
        _ conflicts: inout [AddressConflict]
    ) {
        var candidates: [Address: [EndpointID]] = [:]
        for (id, registration) in registered.sorted(by: { $0.value.order < $1.value.order }) {
            for address in registration.endpoint.addresses {
                candidates[address, default: []].append(id)
            }
        }
        var settled: [Address: EndpointID] = [:]
        for (address, ids) in candidates {
            let inKernel = actual.endpoints[address]?.ifindex
            let linked = ids.filter { link(of: $0) != nil }
            let owner =
                linked.first { $0 == owners[address] }
                ?? linked.first { inKernel != nil && link(of: $0)?.index == inKernel }
                ?? linked.first
            guard let owner else { continue }
            settled[address] = owner
            for other in ids where other != owner {
                conflicts.append(AddressConflict(address: address, owner: owner, other: other))
            }
        }
        owners = settled
    }

    /// The pod's own MAC; stores that do not keep it leave us what the kernel was told before.
    private func mac(
        of id: EndpointID,
        _ address: Address,
        _ link: HostLink,
        _ actual: EndpointTables
    ) -> MAC? {
        if let mac = registered[id]?.endpoint.mac { return mac }
        guard let former = actual.endpoints[address], former.ifindex == link.index
        else { return nil }
        return MAC(bytes: withUnsafeBytes(of: former.mac) { Array($0) })
    }

    private func addInterfaceFlags(_ endpoint: Endpoint) -> UInt32 {
        endpoint.allowedSourcePrefixes.isEmpty ? 0 : CARA_IFACE_SPOOF_PREFIXES.rawValue
    }

    private func addInterface(
        of id: EndpointID,
        _ policy: DesiredPolicy,
        _ tables: inout EndpointTables
    ) {
        guard let endpoint = registered[id]?.endpoint, let link = link(of: id),
            let slot = slots[id]
        else { return }
        let programs = policy.spoofers[id] ?? [:]
        tables.ifaces[link.index] = cara_iface(
            slot: slot,
            egress_program4: programs[.v4] ?? UInt32(CARA_PROGRAM_DENY_ALL),
            egress_program6: programs[.v6] ?? UInt32(CARA_PROGRAM_DENY_ALL),
            flags: addInterfaceFlags(endpoint),
            staged_egress4: policy.stagedSpoofers[id]?[.v4] ?? 0,
            staged_egress6: policy.stagedSpoofers[id]?[.v6] ?? 0
        )
        for prefix in endpoint.allowedSourcePrefixes {
            tables.sources.insert(.init(ifindex: link.index, prefix: prefix))
        }
    }
}

// MARK: - Slots

extension LocalEndpoints {
    /// The endpoint's slot: its own, the one the kernel has for its link, or the lowest free.
    private mutating func slot(
        of id: EndpointID,
        _ link: HostLink,
        _ actual: EndpointTables
    ) throws(DataplaneError) -> UInt32 {
        if let slot = slots[id] { return slot }
        let given = Set(slots.values)
        if let slot = actual.ifaces[link.index]?.slot, slot != 0, !given.contains(slot) {
            slots[id] = slot
            return slot
        }
        let taken = given.union(actual.slots)
        let limit = UInt32(CARA_SLOT_HOSTS)
        guard let slot = (1..<limit).first(where: { !taken.contains($0) })
        else { throw .tooManyEndpoints(id, limit: Int(limit) - 1) }
        slots[id] = slot
        freshSlots.insert(slot)
        return slot
    }
}

extension cara_endpoint {
    fileprivate init(
        _ link: HostLink,
        _ slot: UInt32,
        _ mac: MAC,
        _ programs: EndpointPrograms
    ) {
        self.init()
        ifindex = link.index
        self.slot = slot
        ingress_program = programs.ingress
        egress_program = programs.egress
        withUnsafeMutableBytes(of: &self.mac) { $0.copyBytes(from: mac.bytes) }
        withUnsafeMutableBytes(of: &host_mac) { $0.copyBytes(from: link.mac.bytes) }
        flags = CARA_ENDPOINT_READY.rawValue
        staged_ingress = programs.stagedIngress
        staged_egress = programs.stagedEgress
    }
}
