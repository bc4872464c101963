internal import Model

private let serviceNameLabel = "kubernetes.io/service-name"

/// A slice's part of its service, ready or not: a rule that names a service means its endpoints,
/// also those that still drain.
func serviceSlice(_ field: Field, _ resource: Resource) throws(ConversionError) -> Update {
    let namespace = resource.namespace ?? ""
    let key = "\(namespace)/\(resource.name)"
    guard let service = resource.labels[serviceNameLabel], !service.isEmpty,
        try field.text("addressType") != "FQDN"
    else { return .serviceSlice(key, nil) }
    let ports = try slicePorts(field)
    var slice = ServiceSlice(service: ServiceID(namespace: namespace, name: service), members: [])
    for endpoint in try field.list("endpoints") {
        for text in try endpoint.list("addresses") {
            let address = try text.address()
            slice.members += ports.map {
                ServiceSlice.Member(address: address, protocol: $0.protocol, port: $0.port)
            }
        }
    }
    return .serviceSlice(key, slice)
}

/// A slice without port numbers still gives addresses for rules on sources: they get a port of a
/// protocol that no packet has (255 is reserved by IANA).
private func slicePorts(
    _ field: Field
) throws(ConversionError) -> [(protocol: IPProtocol, port: UInt16)] {
    var ports: [(protocol: IPProtocol, port: UInt16)] = []
    for port in try field.list("ports") {
        guard let number = port["port"] else { continue }
        ports.append(
            (
                try port["protocol"]?.ipProtocol() ?? .tcp,
                try number.integer(UInt16.self, in: 0...65535)
            )
        )
    }
    guard ports.isEmpty else { return ports }
    return [(protocol: IPProtocol(rawValue: 255), port: 0)]
}
