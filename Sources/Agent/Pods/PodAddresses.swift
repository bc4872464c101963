internal import CNI
internal import IPAM
internal import Model

/// Gets and gives back the addresses of pods.
struct PodAddresses: Sendable {
    let ipam: IPAM
    let now: @Sendable () -> Timestamp

    /// The addresses of a pod under its handle; none stays behind when it fails.
    func assign(
        _ plan: AddressPlan,
        _ identity: PodIdentity,
        namespaceLabels: [String: String]
    ) async throws(CNIError) -> [Address] {
        guard !plan.bypassesIPAM else { return plan.requested }
        // A runtime that repeats an ADD gets what it got before. What an agent left that died at it,
        // one family of two, is no use to anybody.
        if let held = try? await ipam.addresses(of: identity.handle), !held.isEmpty {
            if plan.isMet(by: held) { return held }
            try await release(identity)
        }
        do throws(IPAMError) {
            if plan.requested.isEmpty {
                return try await assignAny(plan, identity, namespaceLabels)
            }
            for address in plan.requested {
                var request = AddressRequest(
                    address,
                    node: identity.node,
                    handle: identity.handle
                )
                request.attributes = attributes(identity)
                request.use = .workload
                try await ipam.assign(request, now: now())
            }
            return plan.requested
        } catch {
            try await release(identity)
            throw CNIError(error, "no address for \(identity.workload)")
        }
    }

    /// Gives back all of a container's addresses; doing it twice does nothing more.
    func release(_ identity: PodIdentity) async throws(CNIError) {
        do throws(IPAMError) {
            try await ipam.release(
                handle: identity.handle,
                forgettingHandle: true,
                now: now()
            )
        } catch {
            guard case .notFound = error else {
                throw CNIError(error, "addresses of \(identity.workload) are not released")
            }
        }
    }

    private func assignAny(
        _ plan: AddressPlan,
        _ identity: PodIdentity,
        _ namespaceLabels: [String: String]
    ) async throws(IPAMError) -> [Address] {
        var request = AssignRequest(
            node: identity.node,
            num4: plan.assignsIPv4 ? 1 : 0,
            num6: plan.assignsIPv6 ? 1 : 0,
            handle: identity.handle
        )
        request.pools4 = plan.pools4
        request.pools6 = plan.pools6
        request.namespaceLabels = namespaceLabels
        request.attributes = attributes(identity)
        let assignment = await ipam.autoAssign(request, now: now())
        if let failure = assignment.failure { throw failure }
        guard assignment.addresses4.count == request.num4,
            assignment.addresses6.count == request.num6
        else {
            let missing = assignment.addresses4.count < request.num4 ? "IPv4" : "IPv6"
            throw .noPool("all \(missing) addresses are in use")
        }
        return assignment.addresses
    }

    private func attributes(_ identity: PodIdentity) -> [String: String] {
        var attributes = [
            "node": identity.node, "namespace": identity.namespace,
            "timestamp": now().description,
        ]
        attributes["pod"] = identity.pod
        return attributes
    }
}

extension CNIError {
    /// A failure of IPAM as the runtime is told it.
    init(_ error: IPAMError, _ message: String) {
        let code: CNIErrorCode =
            switch error {
            case .store, .tooManyConflicts: .tryAgainLater
            default: .noAddress
            }
        self.init(code, message, details: "\(error)")
    }
}
