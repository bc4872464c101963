import BPF
import CBPFPrograms

/// The programs that hang on interfaces, by the names of their C functions.
package enum ProgramName: String, Hashable, Sendable, CaseIterable {
    case fromWorkload = "from_workload"
    case toWorkload = "to_workload"
    case fromHost = "from_host"
    case toHost = "to_host"
    case xdpHost = "xdp_host"
    case untrackedHost = "untracked_host"

    /// What comes from a pod or the wire is received; what goes there is sent.
    var hook: Hook {
        switch self {
        case .fromWorkload, .fromHost, .untrackedHost: .ingress
        case .toWorkload, .toHost: .egress
        case .xdpHost: .xdp
        }
    }

    static let workload: [ProgramName] = [.toWorkload, .fromWorkload]
    static let host: [ProgramName] = [.fromHost, .toHost]
}

/// The loaded programs, over maps that they share by their pins.
struct Programs: ~Copyable {
    private let fromWorkload: Program
    private let toWorkload: Program
    private let fromHost: Program
    private let toHost: Program
    /// Maps of an older version that ours took the place of.
    private let outgrown: [OutgrownMap]
    private let xdpHost: Program
    private let untrackedHost: Program

    /// Loads the objects, over the pinned maps; those missing are made, with the given sizes.
    init(layout: Layout, mapSizes: [MapName: Int]) throws(DataplaneError) {
        do throws(BPFError) {
            try self.init(loadingWith: layout, mapSizes)
        } catch {
            throw .missing(feature: "a kernel that takes our programs", reason: "\(error)")
        }
    }

    private init(
        loadingWith layout: Layout,
        _ mapSizes: [MapName: Int]
    ) throws(BPFError) {
        let pods = try Object(
            "workload",
            workload__open(),
            { $0.pointee.obj },
            workload__load,
            { workload__destroy($0) }
        )
        try Self.size(pods, mapSizes)
        let outgrown = try pods.reusePins(in: layout.maps)
        try pods.load()
        try OutgrownMap.move(outgrown)
        let node = try Object(
            "host",
            host__open(),
            { $0.pointee.obj },
            host__load,
            { host__destroy($0) }
        )
        try node.shareMaps(of: pods)
        try node.load()
        let frames = try Object(
            "xdp",
            xdp__open(),
            { $0.pointee.obj },
            xdp__load,
            { xdp__destroy($0) }
        )
        try frames.shareMaps(of: pods)
        try frames.load()
        let (pod, wire) = (pods.skeleton.pointee.progs, node.skeleton.pointee.progs)
        let fromWorkload = try Program(pod.from_workload)
        let toWorkload = try Program(pod.to_workload)
        let fromHost = try Program(wire.from_host)
        let toHost = try Program(wire.to_host)
        let untrackedHost = try Program(wire.untracked_host)
        let xdpHost = try Program(frames.skeleton.pointee.progs.xdp_host)
        self.fromWorkload = fromWorkload
        self.toWorkload = toWorkload
        self.fromHost = fromHost
        self.toHost = toHost
        self.untrackedHost = untrackedHost
        self.xdpHost = xdpHost
        self.outgrown = outgrown
    }

    /// Our programs have taken the place of older ones everywhere: fetches the connections that those
    /// have entered meanwhile.
    borrowing func catchUp() throws(DataplaneError) {
        do throws(BPFError) {
            for map in outgrown { try map.catchUp() }
        } catch {
            throw .map(.conns, object: "connections of an older version", reason: "\(error)")
        }
    }

    /// Lends a program.
    borrowing func with<R: ~Copyable, E: Error>(
        _ name: ProgramName,
        _ body: (borrowing Program) throws(E) -> R
    ) throws(E) -> R {
        switch name {
        case .fromWorkload: try body(fromWorkload)
        case .toWorkload: try body(toWorkload)
        case .fromHost: try body(fromHost)
        case .toHost: try body(toHost)
        case .xdpHost: try body(xdpHost)
        case .untrackedHost: try body(untrackedHost)
        }
    }

    private static func size(
        _ object: borrowing Object<workload>,
        _ sizes: [MapName: Int]
    ) throws(BPFError) {
        let maps = object.skeleton.pointee.maps
        let sizable: [(MapName, OpaquePointer?)] = [
            (.verdicts, maps.cara_verdicts), (.groups, maps.cara_groups),
            (.ports, maps.cara_ports), (.classes, maps.cara_classes),
            (.conns, maps.cara_conns), (.endpoints, maps.cara_endpoints),
            (.bitmaps, maps.cara_bitmaps), (.clauses, maps.cara_clauses),
        ]
        for (name, map) in sizable {
            guard let map, let size = sizes[name] else { continue }
            try object.setMaxEntries(of: map, to: size)
        }
    }
}
