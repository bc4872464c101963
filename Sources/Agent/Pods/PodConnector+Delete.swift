package import CNI
internal import Datastore
internal import IPAM
internal import JSON
internal import Logging
internal import Model
internal import Netlink
internal import PodNetwork
internal import Resources

// MARK: - DEL

extension PodConnector {
    /// Disconnects a container; succeeds when there is nothing (any more).
    package func delete(_ request: CNIRequest) async throws(CNIError) {
        let identity = try identity(of: request).0
        try await exclusively(identity) { () async throws(CNIError) in
            try await disconnect(identity)
        }
    }

    private func exclusively(
        _ identity: PodIdentity,
        _ body: () async throws(CNIError) -> Void
    ) async throws(CNIError) {
        await containers.enter(identity.containerID)
        var failure: CNIError?
        do throws(CNIError) { try await body() } catch { failure = error }
        await containers.leave(identity.containerID)
        if let failure { throw failure }
    }

    /// The store first, which closes the pod's addresses in the kernel; then the link; the
    /// addresses are free only when nothing uses them any more.
    func disconnect(_ identity: PodIdentity) async throws(CNIError) {
        var interfaces = [identity.endpointHostInterface]
        if let key = identity.podKey, let interface = identity.podHostInterface {
            let pod = try await objects.get(key)
            let owner = pod?.annotations[PodStore.Annotation.containerID] ?? ""
            // The pod may have another container by now, with a link of the same name.
            if owner.isEmpty || owner == identity.containerID {
                if let event = try await objects.withdraw(identity, from: key) {
                    await policy.take(written: event)
                }
                await policy.setMAC(nil, of: .pod(key, on: identity.node))
                interfaces.append(interface)
            }
        }
        _ = try await objects.delete(identity.endpointKey)
        for interface in interfaces {
            _ = try await offPool { try PodNetwork.tearDown(hostName: interface) }
        }
        try await addresses.release(identity)
    }
}

// MARK: - GC

extension PodConnector {
    /// Disconnects every container of the network on this node that the runtime did not name.
    package func collectGarbage(_ request: CNIRequest) async throws(CNIError) {
        guard let valid = request.configuration.validAttachments else { return }
        let containers = Set(valid.map(\.containerID))
        let network = request.configuration.name
        for identity in try await known(in: network)
        where !containers.contains(identity.containerID) {
            logger.info(
                "collecting what a container left",
                metadata: [
                    "container": "\(identity.containerID)", "workload": "\(identity.workload)",
                ]
            )
            try await exclusively(identity) { () async throws(CNIError) in
                try await disconnect(identity)
            }
        }
    }

    /// The containers on this node that hold addresses or have a WorkloadEndpoint.
    private func known(in network: String) async throws(CNIError) -> Set<PodIdentity> {
        var identities: Set<PodIdentity> = []
        let allocations: [Allocation]
        do throws(IPAMError) {
            allocations = try await addresses.ipam.allocations()
        } catch {
            throw CNIError(error, "addresses cannot be listed")
        }
        for allocation in allocations {
            let owner = allocation.attributes.owner
            guard owner["node"] == settings.node, let handle = allocation.attributes.handle,
                handle.hasPrefix(network + ".")
            else { continue }
            let container = String(handle.dropFirst(network.count + 1))
            let pod = owner["pod"].map { (owner["namespace"] ?? "default", $0) }
            if let identity = identity(container, "eth0", network, pod: pod) {
                identities.insert(identity)
            }
        }
        for endpoint in try await objects.endpoints(on: settings.node)
        where endpoint.spec["orchestrator"]?.string == "cni" {
            let spec = endpoint.spec
            let pod = spec["pod"]?.string.map { (endpoint.namespace ?? "default", $0) }
            guard let container = spec["containerID"]?.string,
                let interface = spec["endpoint"]?.string,
                let identity = identity(container, interface, network, pod: pod)
            else { continue }
            identities.insert(identity)
        }
        return identities
    }

    private func identity(
        _ container: String,
        _ interface: String,
        _ network: String,
        pod: (String, String)?
    ) -> PodIdentity? {
        guard
            let attachment = try? CNIAttachment(containerID: container, interface: interface)
        else { return nil }
        return PodIdentity(
            node: settings.node,
            network: network,
            attachment: attachment,
            pod: pod.map { (namespace: $0.0, name: $0.1) }
        )
    }
}

// MARK: - CHECK and STATUS

extension PodConnector {
    /// Throws unless a container is connected as ADD said.
    package func check(_ request: CNIRequest) async throws(CNIError) {
        let (identity, path) = try identity(of: request)
        guard let previous = request.configuration.previousResult else {
            throw CNIError(.invalidConfiguration, "CHECK needs prevResult")
        }
        let pod: Resource? =
            if let key = identity.podKey { try await objects.get(key) } else { nil }
        let isPod = pod?.annotations[PodStore.Annotation.containerID] == identity.containerID
        let host = isPod ? identity.podHostInterface : nil
        // Other plugins of the chain have interfaces of their own in the result.
        let own = previous.interfaces.firstIndex {
            $0.name == identity.interface && !$0.sandbox.isEmpty
        }
        let interface = PodInterface(
            hostName: host ?? identity.endpointHostInterface,
            podName: identity.interface,
            namespacePath: path,
            addresses: previous.addresses.filter { $0.interface == own }.map(\.address),
            mtu: request.configuration.mtu ?? settings.mtu,
            routeProtocol: .init(rawValue: settings.routeProtocol),
            routePriority: settings.routePriority
        )
        try await offPool { try PodNetwork.check(interface) }
        let id: EndpointID =
            if isPod, let key = pod?.key {
                .pod(key, on: identity.node)
            } else {
                PodEndpoint.id(identity)
            }
        do {
            try await policy.waitUntilLive(id, timeout: .zero)
        } catch {
            throw CNIError(.interface, "policy of \(id) is not in force", details: "\(error)")
        }
    }

    /// Throws unless an ADD could succeed now.
    package func status() async throws(CNIError) {
        let pools: [PoolUtilization]
        do throws(IPAMError) {
            pools = try await addresses.ipam.utilization()
        } catch {
            throw CNIError(.notAvailable, "the store is not available", details: "\(error)")
        }
        guard pools.contains(where: { $0.available > 0 }) else {
            throw CNIError(.notAvailable, "no IP pool has a free address")
        }
    }
}
