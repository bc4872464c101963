package import BPF
import BPFSupport
import CBPFABI
import CBPFPrograms
package import Compile
import Glibc
package import Model

/// The real programs over the compiler's tables: the third voice beside the evaluator and the tables.
///
/// Both objects are loaded once; tables are written as changes come, and every question runs a program
/// on a packet (BPF_PROG_TEST_RUN) and leaves no trace. Nothing is attached, and no interface but
/// loopback is needed: redirecting is only an answer here.
package final class KernelVerdicts {
    /// A program that judges first packets.
    package enum Hook: String, Hashable, Sendable, CaseIterable {
        /// A workload sends; for ingress, another one that may send everything.
        case fromWorkload
        /// The node's stack forwards to a workload.
        case toWorkload
        /// The node receives.
        case fromHost
    }

    private let workloadObject: Object<workload>
    private let hostObject: Object<host>
    private let fromWorkload: Program
    private let toWorkload: Program
    let fromHost: Program
    let toHost: Program
    let policy: PolicyMaps
    private let endpoints: Map<cara_addr, cara_endpoint>
    let connections: Map<cara_conn_key, cara_conn>
    let events: Ring<cara_event>
    let hosts: Map<UInt32, cara_host>
    let locals: Map<cara_addr, UInt32>
    package private(set) var tables = TableInterpreter()

    /// Whether the machine lets us; with REQUIRE_BPF=1 whoever asks must fail where it does not.
    package static var isPossible: Bool {
        getenv("REQUIRE_BPF") != nil || (try? Capability.check()) != nil
    }

    package init() throws {
        workloadObject = try Object(
            "workload",
            workload__open(),
            { $0.pointee.obj },
            workload__load,
            workload__destroy
        )
        try workloadObject.shrinkConnections()
        try workloadObject.load()
        hostObject = try Object("host", host__open(), { $0.pointee.obj }, host__load, host__destroy)
        try hostObject.shareMaps(of: workloadObject)
        try hostObject.load()
        let programs = workloadObject.skeleton.pointee.progs
        fromWorkload = try Program(try present(programs.from_workload))
        toWorkload = try Program(try present(programs.to_workload))
        fromHost = try Program(try present(hostObject.skeleton.pointee.progs.from_host))
        toHost = try Program(try present(hostObject.skeleton.pointee.progs.to_host))
        let maps = workloadObject.skeleton.pointee.maps
        policy = try PolicyMaps(workloadObject.skeleton)
        endpoints = try Map(try present(maps.cara_endpoints))
        connections = try Map(try present(maps.cara_conns))
        events = try Ring(try present(maps.cara_events))
        hosts = try Map(try present(maps.cara_hosts))
        locals = try Map(try present(maps.cara_locals))
        var settings = cara_settings()
        settings.drop_events = .max
        settings.allow_ipip = 1
        settings.allow_vxlan = 1
        settings.has_hosts = 1
        let map = try Map<UInt32, cara_settings>(try present(maps.cara_settings))
        try map.set(0, to: settings)
    }

    /// Writes what changed, and remembers it for `judge`.
    package func apply(_ change: DataplaneChange) throws(BPFError) {
        try policy.write(change, former: tables)
        tables.apply(change)
    }

    /// Empties all tables.
    package func reset() throws(BPFError) {
        var change = DataplaneChange()
        change.classes = ClassChanges(tables.classes.keys.map { (prefix: $0, label: nil) })
        change.programsRemoved = Array(tables.programs.keys)
        try apply(change)
        tables = TableInterpreter()
    }

    // MARK: Questions

    /// Whether policy is asked about the flow at all: errors of ICMP belong to the packet that they
    /// quote, and nothing is sent to where it is.
    package static func isJudged(_ flow: Flow) -> Bool {
        guard flow.source != flow.destination else { return false }
        guard let icmp = flow.icmp, flow.protocol.isICMP else { return !flow.protocol.isICMP }
        guard flow.source.isV4 == (flow.protocol == .icmp) else { return false }
        return flow.source.isV4 ? ![3, 4, 11, 12].contains(icmp.type) : icmp.type > 127
    }

    /// The verdict on the flow's first packet at its local end; `nil` when that end is not local.
    package func judge(
        _ flow: Flow,
        _ direction: Direction,
        through hook: Hook = .fromWorkload
    ) throws -> KernelVerdict? {
        let local = direction == .ingress ? flow.destination : flow.source
        guard let programs = tables.endpoints[local] else { return nil }
        let id = direction == .ingress ? programs.ingress : programs.egress
        let staged = direction == .ingress ? programs.stagedIngress : programs.stagedEgress
        return try judge(flow, direction, program: id, staged: staged, through: hook)
    }

    /// The verdict of one program, and of a staged one beside it.
    package func judge(
        _ flow: Flow,
        _ direction: Direction,
        program id: UInt32,
        staged: UInt32 = 0,
        through hook: Hook
    ) throws -> KernelVerdict {
        let allowAll = UInt32(CARA_PROGRAM_ALLOW_ALL)
        let hasSource = direction == .egress || hook == .fromWorkload
        var placed: [Address] = [flow.destination]
        let ingress = direction == .ingress ? id : allowAll
        let places = hook.places
        try place(flow.destination, places.receiver, ingress: ingress, egress: allowAll) {
            if direction == .ingress { $0.staged_ingress = staged }
        }
        if hasSource {
            let egress = direction == .egress ? id : allowAll
            try place(flow.source, places.sender, ingress: allowAll, egress: egress) {
                if direction == .egress { $0.staged_egress = staged }
            }
            placed.append(flow.source)
        }
        defer { for address in placed { _ = try? endpoints.delete(address.key) } }
        let packet = FirstPacket(flow)
        let action = try run(hook, direction, packet.bytes)
        let told = try events.drain()
        let entry = try connections.get(packet.key)
        try connections.delete(packet.key)
        return try KernelVerdict(
            action: action,
            told: told,
            entry: entry,
            direction: direction,
            rules: tables.rules
        )
    }

    private func place(
        _ address: Address,
        _ ifindex: UInt32,
        ingress: UInt32,
        egress: UInt32,
        _ change: (inout cara_endpoint) -> Void
    ) throws(BPFError) {
        var endpoint = cara_endpoint()
        endpoint.ifindex = ifindex
        endpoint.slot = ifindex
        endpoint.ingress_program = ingress
        endpoint.egress_program = egress
        endpoint.flags = CARA_ENDPOINT_READY.rawValue
        change(&endpoint)
        try endpoints.set(address.key, to: endpoint)
    }

    private func run(
        _ hook: Hook,
        _ direction: Direction,
        _ packet: [UInt8]
    ) throws(BPFError) -> Int32 {
        let loopback = Hook.loopback
        switch hook {
        case .fromWorkload:
            return try fromWorkload.run(on: packet, as: RunContext(ifindex: loopback)).action
        case .toWorkload:
            let from = direction == .egress ? hook.places.sender : Hook.wire
            let context = RunContext(ifindex: loopback, ingressIfindex: from)
            return try toWorkload.run(on: packet, as: context).action
        case .fromHost:
            return try fromHost.run(on: packet, as: RunContext(ifindex: loopback)).action
        }
    }
}

extension KernelVerdicts.Hook {
    /// Where the program is run; the kernel asks for an interface that exists.
    static let loopback: UInt32 = 1
    /// Interfaces that are numbers only, because no packet ever leaves.
    static let elsewhere: UInt32 = 2
    static let wire: UInt32 = 3

    /// Whose interface the program sits on, by the ends of the packet.
    var places: (sender: UInt32, receiver: UInt32) {
        self == .toWorkload
            ? (Self.elsewhere, Self.loopback) : (Self.loopback, Self.elsewhere)
    }
}

/// What libbpf found in an object that was opened without an error.
func present<Value>(_ value: Value?) throws(BPFError) -> Value {
    guard let value else {
        throw BPFError(operation: "find", object: "map or program of a skeleton", errno: ENOENT)
    }
    return value
}

extension Object where Skeleton == workload {
    /// Tables that are allocated as a whole would take most of the time that loading takes.
    borrowing func shrinkConnections() throws(BPFError) {
        let maps = skeleton.pointee.maps
        try setMaxEntries(of: try present(maps.cara_conns), to: 1024)
        try setMaxEntries(of: try present(maps.cara_frags), to: 1024)
    }
}
