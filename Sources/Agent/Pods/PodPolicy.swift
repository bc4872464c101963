internal import Dataplane
package import Datastore
package import Model

/// What connecting a pod asks of the policy's side.
package protocol PodPolicy: Sendable {
    /// The MAC that the pod's end of its link has; `nil` when the link goes.
    func setMAC(_ mac: MAC?, of id: EndpointID) async
    /// Takes in what was written to the store, ahead of the watch.
    func take(written event: Event) async
    /// Returns once the endpoint's policy is in force in the kernel.
    func waitUntilLive(_ id: EndpointID, timeout: Duration) async throws
}

/// The policy loop together with the dataplane.
struct LivePolicy: PodPolicy {
    let loop: PolicyLoop
    let dataplane: Dataplane

    func setMAC(_ mac: MAC?, of id: EndpointID) async {
        await loop.setMAC(mac, of: id)
    }

    func take(written event: Event) async {
        await loop.take(.written(event))
    }

    func waitUntilLive(_ id: EndpointID, timeout: Duration) async throws {
        try await dataplane.waitUntilLive(id, timeout: timeout)
    }
}
