internal import Dataplane
internal import Glibc
internal import IPAM
internal import Logging
internal import Model

// What the programs tell about single packets.

extension Agent {
    /// Writes a line for each packet that a Log rule matched, and keeps the last drops with the names
    /// that their ends have now.
    func followPackets(
        _ dataplane: Dataplane,
        _ settings: AgentSettings,
        _ policy: PolicyLoop,
        _ topology: TopologyLoop
    ) async throws {
        let logger = logger("packets")
        for await event in try await dataplane.events() {
            switch event.kind {
            case .logRule: log(event, settings.live.logPrefix, logger)
            case .drop: drops.append(await record(of: event, policy, topology))
            }
        }
        try Task.checkCancellation()
    }

    private func log(_ event: PacketEvent, _ prefix: String, _ logger: Logger) {
        var metadata: Logger.Metadata = [
            "rule": "\(event.ruleName.map { "\($0)" } ?? "\(event.rule)")",
            "reason": "\(event.reason.name)",
            "direction": "\(event.direction.rawValue)",
            "protocol": "\(event.flow.protocol)",
            "source": "\(event.flow.source)",
            "destination": "\(event.flow.destination)",
            "length": "\(event.length)",
        ]
        if let icmp = event.flow.icmp {
            metadata["icmpType"] = "\(icmp.type)"
            metadata["icmpCode"] = "\(icmp.code ?? 0)"
        } else {
            metadata["sourcePort"] = "\(event.flow.sourcePort)"
            metadata["destinationPort"] = "\(event.flow.destinationPort)"
        }
        logger.info("\(prefix)", metadata: metadata)
    }

    private func record(
        of event: PacketEvent,
        _ policy: PolicyLoop,
        _ topology: TopologyLoop
    ) async -> DropRecord {
        let (source, destination) = (event.flow.source, event.flow.destination)
        let local = event.direction == .ingress ? destination : source
        var policies: [PolicyID] = []
        if let rule = event.ruleName {
            policies = await policy.policies(endingIn: rule, at: local)
        }
        return DropRecord(
            time: Self.now,
            event: event,
            source: await name(of: source, policy, topology),
            destination: await name(of: destination, policy, topology),
            policies: policies
        )
    }

    /// A node's address is its own, whatever network set it lies in.
    private func name(
        of address: Address,
        _ policy: PolicyLoop,
        _ topology: TopologyLoop
    ) async -> String? {
        if let node = await topology.node(at: address) { return "node \(node)" }
        return await policy.owner(of: address)?.description
    }

    private static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
