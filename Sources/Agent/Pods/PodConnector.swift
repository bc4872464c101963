package import CNI
package import Datastore
package import IPAM
internal import JSON
internal import Linux
package import Logging
internal import Model
internal import Netlink
internal import PodNetwork
internal import Resources

/// Connects pods to the network and disconnects them, as the CNI plugin asks.
///
/// An ADD makes things in this order and undoes them in reverse when one fails:
///
/// addresses → link, host end down → store → policy live in the kernel → host end up
///
/// so that no packet passes before policy, and nothing stays behind.
package struct PodConnector: Sendable {
    package struct Settings: Sendable {
        package var node: String
        /// For pods whose network configuration names none.
        package var mtu: UInt32
        /// How long an ADD waits for policy unless its configuration says.
        package var policyTimeout = Duration.seconds(10)
        /// Who the host's routes to pods say they are from.
        package var routeProtocol: UInt8 = 3
        /// The host's routes to pods give way to those of a smaller priority.
        package var routePriority: UInt32 = 1024

        package init(node: String, mtu: UInt32) {
            self.node = node
            self.mtu = mtu
        }
    }

    let settings: Settings
    let addresses: PodAddresses
    let objects: PodStore
    let policy: any PodPolicy
    let logger: Logger
    let containers = KeyedQueue<String>()

    package init(
        _ settings: Settings,
        store: any Datastore,
        ipam: IPAM,
        policy: any PodPolicy,
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.settings = settings
        self.policy = policy
        self.logger = logger
        objects = PodStore(store: store)
        addresses = PodAddresses(ipam: ipam, now: now)
    }
}

// MARK: - ADD

extension PodConnector {
    /// Connects a container; the result is for the runtime.
    package func add(_ request: CNIRequest) async throws(CNIError) -> CNIResult {
        let (identity, path) = try identity(of: request)
        await containers.enter(identity.containerID)
        let result: Result<CNIResult, CNIError>
        do throws(CNIError) {
            result = .success(try await connect(identity, path, request))
        } catch {
            result = .failure(error)
        }
        await containers.leave(identity.containerID)
        return try result.get()
    }

    private func connect(
        _ identity: PodIdentity,
        _ path: String,
        _ request: CNIRequest
    ) async throws(CNIError) -> CNIResult {
        var watch = Stopwatch()
        let pod = try await pod(of: identity)
        let namespace = try await objects.get(
            ResourceKey(.core("Namespace"), name: identity.namespace)
        )
        let plan = try AddressPlan(
            request.configuration,
            pod: pod?.annotations ?? [:],
            namespace: namespace?.annotations ?? [:]
        )
        let addresses = try await addresses.assign(
            plan,
            identity,
            namespaceLabels: namespace?.labels ?? [:]
        )
        do throws(CNIError) {
            watch.lap("addresses")
            let interface = try interface(identity, path, addresses, request, pod: pod)
            let link = try await makeLive(identity, interface, request, pod, namespace, &watch)
            logger.debug("connected", metadata: watch.metadata(identity.workload))
            return CNIResult(link, interface, request.configuration)
                .following(request.configuration.previousResult)
        } catch {
            await undo(identity, pod: pod)
            throw error
        }
    }

    /// The Pod object of a container, if it has one; it must be of this node.
    private func pod(of identity: PodIdentity) async throws(CNIError) -> Resource? {
        guard let key = identity.podKey, let pod = try await objects.get(key) else { return nil }
        guard pod.spec["nodeName"]?.string == identity.node else {
            throw CNIError(
                .tryAgainLater,
                "\(key) is not on node \(identity.node)",
                details: "its nodeName is \(pod.spec["nodeName"]?.string ?? "not set")"
            )
        }
        return pod
    }

    private func interface(
        _ identity: PodIdentity,
        _ path: String,
        _ addresses: [Address],
        _ request: CNIRequest,
        pod: Resource?
    ) throws(CNIError) -> PodInterface {
        let host = pod == nil ? nil : identity.podHostInterface
        var interface = PodInterface(
            hostName: host ?? identity.endpointHostInterface,
            podName: identity.interface,
            namespacePath: path,
            addresses: addresses,
            mtu: request.configuration.mtu ?? settings.mtu,
            queues: request.configuration.queues,
            allowsForwarding: request.configuration.allowsForwarding,
            routeProtocol: .init(rawValue: settings.routeProtocol),
            routePriority: settings.routePriority
        )
        if let text = pod?.annotations[PodStore.Annotation.mac] {
            guard let mac = MAC(text) else {
                throw CNIError(
                    .invalidConfiguration,
                    "annotation \(PodStore.Annotation.mac) is invalid",
                    details: "\(text): expected a MAC address"
                )
            }
            interface.podMAC = mac
        }
        return interface
    }

    private func makeLive(
        _ identity: PodIdentity,
        _ interface: PodInterface,
        _ request: CNIRequest,
        _ pod: Resource?,
        _ namespace: Resource?,
        _ watch: inout Stopwatch
    ) async throws(CNIError) -> PodLink {
        let link = try await offPool { try PodNetwork.setUp(interface) }
        watch.lap("link")
        let id: EndpointID
        let event: Event
        if let key = pod?.key {
            id = .pod(key, on: identity.node)
            await policy.setMAC(link.podMAC, of: id)
            event = try await objects.record(interface.addresses, of: identity, in: key)
        } else {
            id = PodEndpoint.id(identity)
            let profile = try await profile(identity, namespace)
            let endpoint = PodEndpoint.resource(
                identity,
                addresses: interface.addresses,
                link: link,
                profile: profile
            )
            event = try await objects.record(endpoint)
        }
        watch.lap("store")
        await policy.take(written: event)
        do {
            let timeout = request.configuration.policyTimeout ?? settings.policyTimeout
            try await policy.waitUntilLive(id, timeout: timeout)
        } catch {
            throw CNIError(
                .tryAgainLater,
                "policy of \(id) is not in force",
                details: "\(error)"
            )
        }
        watch.lap("policy")
        try await offPool { try PodNetwork.activate(link, interface) }
        watch.lap("up")
        return link
    }

    /// The namespace's profile where Kubernetes has one, else that of the network.
    private func profile(
        _ identity: PodIdentity,
        _ namespace: Resource?
    ) async throws(CNIError) -> String {
        if namespace != nil { return "kns.\(identity.namespace)" }
        try await objects.ensure(PodEndpoint.profile(network: identity.network))
        return identity.network
    }

    /// After a failed ADD; what cannot be undone now is logged and left to DEL and GC.
    private func undo(_ identity: PodIdentity, pod: Resource?) async {
        do throws(CNIError) {
            try await disconnect(identity)
        } catch {
            logger.warning(
                "a failed ADD left something behind",
                metadata: ["container": "\(identity.containerID)", "error": "\(error)"]
            )
        }
    }
}

// MARK: - Helpers of all commands

extension PodConnector {
    func identity(of request: CNIRequest) throws(CNIError) -> (PodIdentity, path: String) {
        guard let attachment = request.invocation.attachment else {
            throw CNIError(.invalidEnvironment, "the request names no container")
        }
        let identity = PodIdentity(request, attachment, node: settings.node)
        return (identity, request.invocation.namespacePath ?? "")
    }

    /// Runs what may block in the kernel on a thread of its own.
    func offPool<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws(CNIError) -> Value {
        do {
            return try await Linux.offPool(body)
        } catch {
            throw CNIError(.interface, "the pod's link", details: "\(error)")
        }
    }
}

extension CNIResult {
    fileprivate init(
        _ link: PodLink,
        _ interface: PodInterface,
        _ configuration: NetworkConfiguration
    ) {
        self.init(
            interfaces: [
                CNIInterface(name: link.hostName, mac: "\(link.hostMAC)", mtu: interface.mtu),
                CNIInterface(
                    name: link.podName,
                    mac: "\(link.podMAC)",
                    sandbox: interface.namespacePath,
                    mtu: interface.mtu
                ),
            ],
            addresses: interface.addresses.map { CNIAddress(address: $0, interface: 1) }
        )
        guard configuration.includesDefaultRoutes else { return }
        for family in Set(interface.addresses.map(\.family)).sorted(by: {
            $0.rawValue < $1.rawValue
        }) {
            let any = family == .v4 ? Address(v4: 0) : Address(high: 0, low: 0)
            guard let destination = Prefix(any, length: 0) else { continue }
            routes.append(CNIRoute(destination: destination))
        }
    }
}
