package import Model

extension Dataplane {
    /// What the kernel's maps say of a flow's first packet at one of its ends; `nil` when that end is
    /// neither a workload of this node nor the node itself under a host endpoint.
    package func trace(
        _ flow: Flow,
        _ direction: Direction
    ) throws(DataplaneError) -> KernelTrace? {
        let reconciler = try running().reconciler
        var tracer = KernelTracer(reconciler.maps) { [names] in names[$0] }
        if let trace = try tracer.trace(flow, direction) { return trace }
        let near = direction == .ingress ? flow.destination : flow.source
        guard let index = reconciler.hosts.interface(owning: near) else { return nil }
        return try tracer.trace(flow, direction, atInterface: index)
    }
}
