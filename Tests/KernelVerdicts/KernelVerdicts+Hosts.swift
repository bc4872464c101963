import BPF
import BPFSupport
import CBPFABI
import Compile
package import Model

// Host endpoints: what comes to the node is asked of from_host, what leaves it of to_host. Only XDP knows
// untracked policy.

extension KernelVerdicts {
    /// Whether a source may be that of a packet that passes through: nobody forwards for loopback,
    /// link-local or multicast addresses.
    package static func isForwarded(from source: Address) -> Bool {
        let prefixes = [
            "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8",
        ]
        return !prefixes.compactMap { Prefix($0) }.contains { $0.contains(source) }
    }

    /// The verdict on a first packet of the node's own traffic or of what passes through; `nil` when
    /// there is no such host endpoint.
    package func judge(
        _ flow: Flow,
        atHost id: EndpointID,
        _ direction: Direction,
        isForwarded: Bool
    ) throws -> KernelVerdict? {
        guard let programs = tables.hosts[id] else { return nil }
        var policed = cara_host(programs)
        // Asked about apart from the rest, and before it.
        policed.v4.untracked_ingress = UInt32(CARA_PROGRAM_NONE)
        policed.v4.untracked_egress = UInt32(CARA_PROGRAM_NONE)
        policed.v6.untracked_ingress = UInt32(CARA_PROGRAM_NONE)
        policed.v6.untracked_egress = UInt32(CARA_PROGRAM_NONE)
        let isIngress = direction == .ingress
        let (here, there) = (Hook.loopback, Hook.wire)
        // What passes through has two sides; the other one says nothing.
        try hosts.set(here, to: isForwarded && isIngress ? .open : policed)
        if isForwarded { try hosts.set(there, to: isIngress ? policed : .open) }
        if !isForwarded, isIngress { try locals.set(flow.destination.key, to: 1) }
        defer {
            for index in [here, there] { _ = try? hosts.delete(index) }
            _ = try? locals.delete(flow.destination.key)
        }
        let packet = FirstPacket(flow)
        let context = RunContext(ifindex: here, ingressIfindex: isForwarded ? there : 0)
        let action =
            isIngress && !isForwarded
            ? try fromHost.run(on: packet.bytes, as: context).action
            : try toHost.run(on: packet.bytes, as: context).action
        let told = try events.drain()
        let entry = try connections.get(packet.key)
        try connections.delete(packet.key)
        return try KernelVerdict(
            action: action,
            told: told,
            // An entry of what passes through has no place for the rules of the interfaces.
            entry: isForwarded ? nil : entry,
            direction: direction,
            rules: tables.rules
        )
    }
}

extension cara_host {
    /// An endpoint that has no say.
    fileprivate static var open: cara_host {
        let none = UInt32(CARA_PROGRAM_NONE)
        let all = UInt32(CARA_PROGRAM_ALLOW_ALL)
        let programs = cara_host_programs(
            untracked_ingress: none,
            untracked_egress: none,
            prednat: none,
            ingress: all,
            egress: all,
            forward_ingress: none,
            forward_egress: none,
            pad: 0
        )
        return cara_host(
            v4: programs,
            v6: programs,
            staged_v4: cara_host_programs(),
            staged_v6: cara_host_programs()
        )
    }
}
