internal import JSON
package import Model

private let serviceNameLabel = "kubernetes.io/service-name"

/// A Kubernetes service as its announcement to the network sees it.
package struct ServiceView: Hashable, Sendable {
    package let namespace: String
    package let name: String
    package let clusterIPs: [Address]
    package let externalIPs: [Address]
    /// What the service's load balancer gave it.
    package let loadBalancerIPs: [Address]
    /// Traffic from outside goes to nodes with an endpoint only.
    package let isLocalExternally: Bool
    /// Traffic from the cluster stays on its node.
    package let isLocalInternally: Bool

    /// `nil` for a service without addresses of its own: headless, or an external name.
    package init?(_ resource: Resource) throws(ConversionError) {
        let field = Field(resource)
        guard let spec = field["spec"] else { return nil }
        namespace = resource.namespace ?? ""
        name = resource.name
        let type = try spec.text("type") ?? "ClusterIP"
        guard ["ClusterIP", "NodePort", "LoadBalancer"].contains(type) else { return nil }
        var texts = try spec.strings("clusterIPs")
        if texts.isEmpty, let text = try spec.text("clusterIP") { texts = [text] }
        clusterIPs = texts.compactMap { Address($0) }
        guard !clusterIPs.isEmpty else { return nil }
        externalIPs = try spec.strings("externalIPs").compactMap { Address($0) }
        var given: [Address] = []
        if type == "LoadBalancer", let balancer = field["status"]?["loadBalancer"] {
            for entry in try balancer.list("ingress") {
                if let address = try entry.text("ip").flatMap({ Address($0) }) {
                    given.append(address)
                }
            }
        }
        loadBalancerIPs = given
        isLocalExternally = try spec.text("externalTrafficPolicy") == "Local"
        isLocalInternally = try spec.text("internalTrafficPolicy") == "Local"
    }
}

/// An EndpointSlice, or an older Endpoints object, as the announcement of its service sees it.
package struct ServiceEndpointsView: Hashable, Sendable {
    package let namespace: String
    package let service: String
    /// Families of the ready endpoints of each node; `""` for endpoints of no known node.
    package let readyFamilies: [String: Set<Family>]

    /// `nil` for a slice of no service.
    package init?(_ resource: Resource) throws(ConversionError) {
        let field = Field(resource)
        namespace = resource.namespace ?? ""
        var ready: [String: Set<Family>] = [:]
        if resource.kind == "Endpoints" {
            service = resource.name
            for subset in try field.list("subsets") {
                for address in try subset.list("addresses") {
                    guard let found = try address.text("ip").flatMap({ Address($0) })
                    else { continue }
                    ready[try address.text("nodeName") ?? "", default: []].insert(found.family)
                }
            }
        } else {
            guard let name = resource.labels[serviceNameLabel], !name.isEmpty else { return nil }
            service = name
            for endpoint in try field.list("endpoints") {
                // Not said is ready (inventory §6.5).
                let isReady = endpoint["conditions"]?["ready"]?.value.bool ?? true
                guard isReady else { continue }
                for text in try endpoint.strings("addresses") {
                    guard let found = Address(text) else { continue }
                    ready[try endpoint.text("nodeName") ?? "", default: []].insert(found.family)
                }
            }
        }
        readyFamilies = ready
    }
}
