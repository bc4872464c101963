import BPF
import CBPFABI
import Compile
import Linux
import Model
import Netlink

/// Everything that exists between start and stop, used from the dataplane's thread alone.
final class KernelSession {
    /// What an announcement of the kernel led to.
    struct Effect {
        /// Endpoints may have become live, or ceased to be.
        var changesEndpoints = false
        /// Ways out that connections have cached may be wrong now.
        var movesRoutes = false
    }

    let announcements: AsyncStream<NetlinkEvent>
    let connections: Connections
    let denials: Denials
    let counters: Counters
    let ruleCounters: RuleCounters
    private(set) var reconciler: Reconciler
    /// Interfaces of the node that should carry our programs and do not, and why.
    var unattached: [String: DataplaneError] = [:]
    /// Interfaces with doNotTrack policy, and where it is enforced.
    var untracked: [String: UntrackedPlace] = [:]
    let configuration: Configuration
    private let dataInterfaces: Regex<AnyRegexOutput>
    var attachments: Attachments
    private var netlink: NetlinkSocket
    private(set) var links: [InterfaceIndex: Netlink.Link] = [:]
    private var addresses: Set<InterfaceAddress> = []

    /// Loads the programs over the pinned maps and hangs them on the node's interfaces.
    init(_ configuration: Configuration) throws(DataplaneError) {
        self.configuration = configuration
        dataInterfaces = try Self.regex(configuration.dataInterfacePattern)
        do throws(BPFError) {
            try Capability.check()
        } catch {
            throw .missing(feature: "the right to use BPF", reason: "\(error)")
        }
        let layout = Layout(root: configuration.root)
        try layout.prepare()
        attachments = try Attachments(layout: layout, mapSizes: configuration.mapSizes)
        connections = try Connections(pinnedIn: layout.maps)
        denials = try Denials(pinnedAt: "\(layout.maps)/cara_denials")
        counters = try Counters(pinnedIn: layout.maps)
        ruleCounters = try RuleCounters(pinnedIn: layout.maps)
        reconciler = try Reconciler(maps: KernelMaps(pinnedIn: layout.maps))
        do {
            announcements = try NetlinkMonitor.events([.links, .addresses, .routes])
            netlink = try NetlinkSocket()
        } catch {
            throw .network(reason: "\(error)")
        }
        try reconciler.apply(configuration.settings)
        try attachments.adopt()
        _ = try listAll()
        if let (_, error) = unattached.first { throw error }
    }

    private static func regex(
        _ pattern: String
    ) throws(DataplaneError) -> Regex<AnyRegexOutput> {
        do {
            return try Regex(pattern)
        } catch {
            throw .configuration(field: "bpfDataIfacePattern", value: pattern, reason: "\(error)")
        }
    }
}

// MARK: - Policy and endpoints

extension KernelSession {
    func apply(_ change: DataplaneChange) throws(DataplaneError) -> ApplyReport {
        defer { followUntracked() }
        return try reconciler.apply(change)
    }

    func apply(_ settings: Settings) throws(DataplaneError) {
        defer { followUntracked() }
        try reconciler.apply(settings)
    }

    func audit(
        _ pass: inout AuditPass,
        limit: Int,
        _ mode: AuditMode
    ) throws(DataplaneError) -> [AuditFinding] {
        try reconciler.audit(&pass, limit: limit, mode)
    }

    func routesMoved() throws(DataplaneError) {
        try reconciler.routesMoved()
    }

    /// Adds or replaces an endpoint; its programs hang before anything refers to them.
    func register(_ endpoint: Endpoint) throws(DataplaneError) {
        if case .host = endpoint.id {
            reconciler.hosts.register(endpoint)
            return try refreshHosts()
        }
        guard let interface = endpoint.interface else {
            throw .notLive(endpoint.id, reason: "it names no interface")
        }
        reconciler.local.register(endpoint)
        let link = try network { () throws(NetlinkError) in
            try netlink.link(named: interface)
        }
        if let link { try adopt(link) }
        _ = try reconciler.refreshEndpoints()
    }

    /// Looks at all interfaces anew, and compares the maps when a write failed.
    func recover() throws(DataplaneError) {
        _ = try listAll()
        if reconciler.hasPolicy, !reconciler.isCurrent {
            _ = try apply(DataplaneChange())
        }
        try reconciler.routesMoved()
    }

    func unregister(_ id: EndpointID) throws(DataplaneError) {
        reconciler.local.unregister(id)
        reconciler.hosts.unregister(id)
        _ = try reconciler.refreshEndpoints()
        followUntracked()
    }

    /// A registered endpoint's link: programs first, then the endpoint may use it.
    private func adopt(_ link: Netlink.Link) throws(DataplaneError) {
        links[link.index] = link
        guard let mac = link.mac else {
            throw .attach(
                program: ProgramName.fromWorkload.rawValue,
                interface: link.name,
                reason: "it has no Ethernet address"
            )
        }
        try attachments.attach(ProgramName.workload, to: link.name, link.index.rawValue)
        reconciler.local.setLink(
            HostLink(index: link.index.rawValue, mac: mac),
            of: link.name
        )
    }

    private func network<R>(_ body: () throws(NetlinkError) -> R) throws(DataplaneError) -> R {
        do throws(NetlinkError) {
            return try body()
        } catch {
            throw .network(reason: "\(error)")
        }
    }
}

// MARK: - The node's interfaces

extension KernelSession {
    /// Follows one announcement.
    func handle(_ event: NetlinkEvent) throws(DataplaneError) -> Effect {
        switch event {
        case .link(let link): try linkChanged(link)
        case .linkGone(let link): try linkGone(link.index)
        case .address(let address): try addressesChanged(address) { $0.insert(address) }
        case .addressGone(let address): try addressesChanged(address) { $0.remove(address) }
        case .route(let route), .routeGone(let route): Effect(movesRoutes: !isPodRoute(route))
        case .overrun: try listAll()
        }
    }

    /// Compares all links and addresses with what we know.
    private func listAll() throws(DataplaneError) -> Effect {
        let present = try network { () throws(NetlinkError) in try netlink.links() }
        let listed = try network { () throws(NetlinkError) in
            try netlink.addresses()
        }
        let indices = Set(present.map(\.index))
        for index in Array(links.keys) where !indices.contains(index) { _ = try linkGone(index) }
        for link in present { _ = try linkChanged(link) }
        addresses = Set(listed)
        try reconciler.apply(localAddresses: Set(addresses.map(\.address)))
        try refreshHosts()
        return Effect(changesEndpoints: true, movesRoutes: true)
    }

    private func linkChanged(_ link: Netlink.Link) throws(DataplaneError) -> Effect {
        let former = links.updateValue(link, forKey: link.index)
        if reconciler.local.interfaces.contains(link.name) {
            guard
                former?.mac != link.mac || former?.name != link.name
                    || !attachments.interfaces.contains(link.index.rawValue)
            else { return Effect() }
            return try linkAppeared(link)
        }
        guard !isWorkload(link) else { return Effect() }
        if link.name.firstMatch(of: dataInterfaces) != nil { attachHost(link) }
        if former?.name != link.name {
            try refreshHosts()
        } else if case .tc = untracked[link.name] {
            // What kept XDP may have gone: the kernel announces that as a change of the link.
            followUntracked()
        }
        let isMoved =
            former?.isUp != link.isUp || former?.hasCarrier != link.hasCarrier
            || former?.mtu != link.mtu
        return Effect(movesRoutes: isMoved)
    }

    /// Takes the link of a registered endpoint on.
    ///
    /// That it cannot carry our programs is told, not fatal: it may be on its way out.
    private func linkAppeared(_ link: Netlink.Link) throws(DataplaneError) -> Effect {
        do throws(DataplaneError) {
            try adopt(link)
            unattached[link.name] = nil
        } catch {
            unattached[link.name] = error
            return Effect()
        }
        _ = try reconciler.refreshEndpoints()
        return Effect(changesEndpoints: true)
    }

    private func linkGone(_ index: InterfaceIndex) throws(DataplaneError) -> Effect {
        attachments.forget(index.rawValue)
        guard let link = links.removeValue(forKey: index) else { return Effect() }
        unattached[link.name] = nil
        untracked[link.name] = nil
        guard reconciler.local.interfaces.contains(link.name) || isWorkload(link) else {
            try refreshHosts()
            return Effect(movesRoutes: true)
        }
        if reconciler.local.link(named: link.name)?.index == index.rawValue {
            reconciler.local.setLink(nil, of: link.name)
            _ = try reconciler.refreshEndpoints()
        }
        return Effect(changesEndpoints: true)
    }

    /// Looks which host endpoint each interface has now; its programs hang there first.
    private func refreshHosts() throws(DataplaneError) {
        guard !reconciler.hosts.isEmpty else { return }
        let own = links.values.filter { !isWorkload($0) && !$0.isLoopback }
        reconciler.hosts.setInterfaces(
            own.map { link in
                HostEndpoints.Interface(
                    index: link.index.rawValue,
                    name: link.name,
                    addresses: Set(addresses.filter { $0.interface == link.index }.map(\.address))
                )
            }
        )
        let wanted = reconciler.hosts.assignment
        for link in own where wanted[link.index.rawValue] != nil { attachHost(link) }
        _ = try reconciler.refreshEndpoints()
        followUntracked()
    }

    private func attachHost(_ link: Netlink.Link) {
        do throws(DataplaneError) {
            try attachments.attach(ProgramName.host, to: link.name, link.index.rawValue)
            unattached[link.name] = nil
        } catch {
            unattached[link.name] = error
        }
    }

    private func addressesChanged(
        _ address: InterfaceAddress,
        _ change: (inout Set<InterfaceAddress>) -> Void
    ) throws(DataplaneError) -> Effect {
        let former = Set(addresses.map(\.address))
        change(&addresses)
        try refreshHosts()
        let present = Set(addresses.map(\.address))
        guard present != former else { return Effect() }
        try reconciler.apply(localAddresses: present)
        return Effect(movesRoutes: !(links[address.interface].map(isWorkload) ?? false))
    }

    private func isWorkload(_ link: Netlink.Link) -> Bool {
        link.name.hasPrefix(configuration.workloadPrefix)
    }

    /// Routes to pods over their own links decide nothing: local delivery goes by `cara_endpoints`.
    private func isPodRoute(_ route: Route) -> Bool {
        !route.nextHops.isEmpty
            && route.nextHops.allSatisfy { hop in
                hop.interface.flatMap { links[$0] }.map(isWorkload) ?? false
            }
    }
}
