package import BPF
import BPFSupport
import CBPFABI
import CBPFPrograms
package import Compile
package import Model

/// The real XDP program over the compiler's tables: what it does with packets that an interface of a
/// host endpoint receives.
package final class UntrackedVerdicts {
    /// What became of a packet.
    package struct Verdict: Hashable, Sendable {
        package let isDenied: Bool
        /// The rule that denied it.
        package let rule: RuleName?
    }

    private let workloadObject: Object<workload>
    private let xdpObject: Object<xdp>
    private let xdpHost: Program
    private let policy: PolicyMaps
    private let hosts: Map<UInt32, cara_host>
    private let events: Ring<cara_event>
    private var tables = TableInterpreter()

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
        xdpObject = try Object("xdp", xdp__open(), { $0.pointee.obj }, xdp__load, xdp__destroy)
        try xdpObject.shareMaps(of: workloadObject)
        try xdpObject.load()
        xdpHost = try Program(try present(xdpObject.skeleton.pointee.progs.xdp_host))
        policy = try PolicyMaps(workloadObject.skeleton)
        let maps = workloadObject.skeleton.pointee.maps
        hosts = try Map(try present(maps.cara_hosts))
        events = try Ring(try present(maps.cara_events))
        var settings = cara_settings()
        settings.drop_events = .max
        let map = try Map<UInt32, cara_settings>(try present(maps.cara_settings))
        try map.set(0, to: settings)
    }

    /// Writes what changed, and remembers it.
    package func apply(_ change: DataplaneChange) throws(BPFError) {
        try policy.write(change, former: tables)
        tables.apply(change)
    }

    /// What becomes of the flow's first packet at an interface of the host endpoint.
    package func judge(_ flow: Flow, atHost id: EndpointID) throws -> Verdict {
        guard let programs = tables.hosts[id] else { return Verdict(isDenied: false, rule: nil) }
        // The endpoint of every interface: the packet seems to come in by loopback.
        try hosts.set(0, to: cara_host(programs))
        let action = try xdpHost.runXDP(on: FirstPacket(flow).bytes).action
        let told = try events.drain().last { $0.kind == CARA_EVENT_DROP.rawValue }
        let isDenied = action == Int32(XDP_DROP.rawValue)
        guard isDenied == (told != nil) else { throw KernelVerdictError.silentDrop(action: action) }
        guard let told else { return Verdict(isDenied: false, rule: nil) }
        guard told.reason == CARA_DROP_UNTRACKED_POLICY.rawValue else {
            throw KernelVerdictError.otherReason(told.reason)
        }
        return Verdict(isDenied: true, rule: tables.rules[told.rule])
    }
}
