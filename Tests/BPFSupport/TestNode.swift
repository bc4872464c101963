package import BPF
import CBPFABI
package import CBPFPrograms
import CLibBPF
import Linux
package import Model

/// One load of all programs over fresh maps: a node whose two pods are known and allowed everything
/// unless a test says otherwise.
package final class TestNode {
    package let topology: Topology
    package let maps: TestMaps
    let workloadObject: Object<workload>
    private let hostObject: Object<host>
    private let xdpObject: Object<xdp>
    private let fromWorkload: Program
    private let toWorkload: Program
    private let fromHost: Program
    private let toHost: Program
    private let xdpHost: Program
    private let untrackedHost: Program

    /// Loads; `configure` may change the maps before they are made.
    package init(
        configure: (borrowing Object<workload>) throws -> Void = { try $0.shrink() }
    ) throws {
        topology = try Topology.shared.get()
        workloadObject = try Object(
            "workload",
            workload__open(),
            { $0.pointee.obj },
            workload__load,
            workload__destroy
        )
        try configure(workloadObject)
        try workloadObject.load()
        hostObject = try Object("host", host__open(), { $0.pointee.obj }, host__load, host__destroy)
        try hostObject.shareMaps(of: workloadObject)
        try hostObject.load()
        xdpObject = try Object("xdp", xdp__open(), { $0.pointee.obj }, xdp__load, xdp__destroy)
        try xdpObject.shareMaps(of: workloadObject)
        try xdpObject.load()
        let workloadPrograms = workloadObject.skeleton.pointee.progs
        let hostPrograms = hostObject.skeleton.pointee.progs
        fromWorkload = try Program(try unwrap(workloadPrograms.from_workload, "program"))
        toWorkload = try Program(try unwrap(workloadPrograms.to_workload, "program"))
        fromHost = try Program(try unwrap(hostPrograms.from_host, "program"))
        toHost = try Program(try unwrap(hostPrograms.to_host, "program"))
        untrackedHost = try Program(try unwrap(hostPrograms.untracked_host, "program"))
        xdpHost = try Program(try unwrap(xdpObject.skeleton.pointee.progs.xdp_host, "program"))
        maps = try TestMaps(workloadObject.skeleton)
        try setDefaults()
    }

    private func setDefaults() throws {
        var settings = cara_settings()
        settings.vxlan_port = 4789
        settings.conntrack_invalid_check = 1
        try maps.settings.set(0, to: settings)
        for address in [Address.node, .node6] { try maps.locals.set(address.key, to: 1) }
        try setPolicy(of: .a)
        try setPolicy(of: .b)
    }

    /// The object whose maps both share, for tables that only the compiler can write.
    package var skeleton: UnsafeMutablePointer<workload> { workloadObject.skeleton }

    /// Enters both addresses of a pod with its programs.
    package func setPolicy(
        of pod: Pod,
        ingress: UInt32 = 1,
        egress: UInt32 = 1,
        stagedIngress: UInt32 = 0,
        stagedEgress: UInt32 = 0,
        isReady: Bool = true
    ) throws {
        let port = port(of: pod)
        var endpoint = cara_endpoint()
        endpoint.ifindex = port.ifindex
        endpoint.slot = pod.slot
        endpoint.ingress_program = ingress
        endpoint.egress_program = egress
        endpoint.staged_ingress = stagedIngress
        endpoint.staged_egress = stagedEgress
        endpoint.flags = isReady ? CARA_ENDPOINT_READY.rawValue : 0
        withUnsafeMutableBytes(of: &endpoint.mac) { $0.copyBytes(from: port.peerMAC.bytes) }
        withUnsafeMutableBytes(of: &endpoint.host_mac) { $0.copyBytes(from: port.mac.bytes) }
        for address in [pod.address, pod.address6] {
            try maps.endpoints.set(address.key, to: endpoint)
        }
    }

    /// Moves a generation, as the agent does after a change of policy (of a pod) or routes (slot 0).
    package func moveGeneration(of slot: UInt32) throws {
        try maps.generations.set(slot, to: (try maps.generations.get(slot) ?? 0) + 1)
    }

    package func port(of pod: Pod) -> Topology.Port {
        pod == .a ? topology.podA : topology.podB
    }
}

/// The local pods.
package enum Pod: Hashable, Sendable {
    case a
    case b

    package var slot: UInt32 { self == .a ? 1 : 2 }
    package var address: Address { self == .a ? .podA : .podB }
    package var address6: Address { self == .a ? .podA6 : .podB6 }
}

extension Object where Skeleton == workload {
    /// Makes the maps as small as tests need, so that a load takes milliseconds.
    package borrowing func shrink() throws {
        for map in maps where bpf_map__max_entries(map) > 4096 {
            // Slots are counted from both ends.
            let isWhole = [BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_ARRAY].contains(bpf_map__type(map))
            if !isWhole { try setMaxEntries(of: map, to: 4096) }
        }
    }
}

/// Where a packet meets a program.
package enum Place: Hashable, Sendable {
    /// Sent by a pod.
    case fromWorkload(Pod)
    /// About to be sent to a pod by the node's stack; from the node itself, or forwarded.
    case toWorkload(Pod, from: Source)
    /// Received by the node.
    case fromHost
    /// About to leave the node, by itself.
    case toHost
    /// The same, from elsewhere.
    case passing(from: Source)
    /// Received by the node, before there is an skb: on the loopback interface, as the kernel has it
    /// in tests.
    case xdp
    /// Received by the node where XDP is not to be had.
    case untracked

    package enum Source: Hashable, Sendable {
        case node
        case wire
        case pod(Pod)
    }
}

/// What became of a packet.
package struct Outcome: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        case pass
        case drop
        case redirect
        case other(Int32)
    }

    package let action: Action
    package let packet: [UInt8]
    /// Reasons whose counters moved.
    package let reasons: [UInt32]
    package let duration: UInt32
}

extension TestNode {
    /// Runs the program at `place` on a packet.
    package func run(
        _ place: Place,
        _ packet: [UInt8],
        segmentSize: UInt32 = 0,
        mark: UInt32 = 0,
        repeating count: Int = 1
    ) throws -> Outcome {
        let before = try counts()
        var context = context(of: place, segmentSize)
        context.mark = mark
        let result = try topology.namespaces.node.run {
            try withProgram(at: place) { program throws(BPFError) in
                place == .xdp
                    ? try program.runXDP(on: packet, repeating: count)
                    : try program.run(on: packet, as: context, repeating: count)
            }
        }
        let after = try counts()
        return Outcome(
            action: place == .xdp ? .init(xdp: result.action) : .init(result.action),
            packet: result.packet,
            reasons: after.indices.filter { after[$0] != before[$0] }.map { UInt32($0) },
            duration: result.duration
        )
    }

    /// Lends the program at a place.
    func withProgram<R>(
        at place: Place,
        _ body: (borrowing Program) throws(BPFError) -> R
    ) throws(BPFError) -> R {
        switch place {
        case .fromWorkload: try body(fromWorkload)
        case .toWorkload: try body(toWorkload)
        case .fromHost: try body(fromHost)
        case .toHost, .passing: try body(toHost)
        case .xdp: try body(xdpHost)
        case .untracked: try body(untrackedHost)
        }
    }

    private func counts() throws -> [UInt64] {
        try (0..<CARA_REASON_COUNT.rawValue).map { try maps.count(cara_reason(rawValue: $0)) }
    }

    private func interface(of source: Place.Source) -> UInt32 {
        switch source {
        case .node: 0
        case .wire: topology.eth0.ifindex
        case .pod(let pod): port(of: pod).ifindex
        }
    }

    func context(of place: Place, _ segmentSize: UInt32) -> RunContext {
        let ifindex: UInt32
        var ingress: UInt32 = 0
        switch place {
        case .fromWorkload(let pod):
            ifindex = port(of: pod).ifindex
            ingress = ifindex
        case .toWorkload(let pod, let source):
            ifindex = port(of: pod).ifindex
            ingress = interface(of: source)
        case .passing(let source):
            ifindex = topology.eth0.ifindex
            ingress = interface(of: source)
        case .fromHost, .untracked, .xdp:
            ifindex = topology.eth0.ifindex
            ingress = ifindex
        case .toHost:
            ifindex = topology.eth0.ifindex
        }
        return RunContext(ifindex: ifindex, ingressIfindex: ingress, segmentSize: segmentSize)
    }
}

extension Outcome.Action {
    /// From what an XDP program returns.
    init(xdp action: Int32) {
        switch action {
        case Int32(XDP_PASS.rawValue): self = .pass
        case Int32(XDP_DROP.rawValue): self = .drop
        default: self = .other(action)
        }
    }

    /// From what a tc program returns.
    init(_ action: Int32) {
        switch action {
        case -1: self = .pass
        case 2: self = .drop
        case 7: self = .redirect
        default: self = .other(action)
        }
    }
}

extension Object where Skeleton == workload {
    /// Makes the table of connections one that refuses the entry after `count`.
    package borrowing func makeConnections(plainOf count: Int) throws {
        let map = try unwrap(skeleton.pointee.maps.cara_conns, "map")
        bpf_map__set_type(map, BPF_MAP_TYPE_HASH)
        try setMaxEntries(of: map, to: count)
    }
}

extension Object where Skeleton == workload {
    /// Gives a map a value too small for what the programs read, which the verifier must notice.
    package borrowing func makeSettingsUseless() throws {
        try shrink()
        let map = try unwrap(skeleton.pointee.maps.cara_settings, "map")
        bpf_map__set_value_size(map, 4)
    }
}
