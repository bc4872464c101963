internal import JSON
internal import Model

// Host endpoints, workload endpoints, and pods as Calico's Kubernetes driver turns them into the
// latter.

/// The endpoint that an object describes, valid or not; `nil` when it cannot be told.
func endpointID(of resource: Resource) -> EndpointID? {
    let spec = resource.spec
    let namespace = resource.namespace ?? ""
    switch resource.kind {
    case "HostEndpoint":
        return spec["node"]?.string.map { .host(node: $0, name: resource.name) }
    case "WorkloadEndpoint":
        guard let node = spec["node"]?.string, !node.isEmpty else { return nil }
        let workload = [spec["pod"]?.string, spec["workload"]?.string].compactMap { $0 }
            .first { !$0.isEmpty }
        return .workload(
            node: node,
            workload: "\(namespace)/\(workload ?? resource.name)",
            endpoint: spec["endpoint"]?.string ?? "eth0"
        )
    case "Pod":
        guard let node = spec["nodeName"]?.string, !node.isEmpty else { return nil }
        return .workload(node: node, workload: "\(namespace)/\(resource.name)", endpoint: "eth0")
    default: return nil
    }
}

func hostEndpoint(_ field: Field, _ resource: Resource) throws(ConversionError) -> Update {
    let spec = try field.required("spec")
    guard let id = endpointID(of: resource) else {
        throw try spec.required("node").expected("a name")
    }
    var endpoint = Endpoint(id: id)
    endpoint.labels = try field["metadata"]?.stringMap("labels") ?? [:]
    endpoint.profiles = try spec.strings("profiles")
    endpoint.addresses = try spec.list("expectedIPs")
        .map { field throws(ConversionError) in try field.address() }
    endpoint.interface = try spec.text("interfaceName")
    endpoint.ports = try spec.namedPorts("ports", number: "port")
    return .endpoint(id, endpoint)
}

func workloadEndpoint(_ field: Field, _ resource: Resource) throws(ConversionError) -> Update {
    let spec = try field.required("spec")
    guard let id = endpointID(of: resource) else {
        throw try spec.required("node").expected("a name")
    }
    var endpoint = Endpoint(id: id)
    endpoint.labels = try field["metadata"]?.stringMap("labels") ?? [:]
    endpoint.labels[WellKnown.namespace] = resource.namespace ?? ""
    endpoint.labels[WellKnown.orchestrator] = try spec.text("orchestrator")
    if let account = try spec.text("serviceAccountName"), account.utf8.count < 63 {
        endpoint.labels[WellKnown.serviceAccount] = account
    }
    endpoint.profiles = try spec.strings("profiles")
    endpoint.addresses = try spec.list("ipNetworks")
        .map { field throws(ConversionError) in try field.address() }
    endpoint.interface = try spec.text("interfaceName")
    endpoint.mac = try spec.mac("mac")
    endpoint.ports = try spec.namedPorts("ports", number: "port")
    endpoint.allowedSourcePrefixes = try spec.prefixes("allowSpoofedSourcePrefixes")
    return .endpoint(id, endpoint)
}

extension Field {
    /// Ports that have a name; the others (host ports) mean nothing to policy.
    fileprivate func namedPorts(
        _ key: String,
        number: String
    ) throws(ConversionError) -> [NamedPort] {
        var ports: [NamedPort] = []
        for field in try list(key) {
            guard let name = try field.text("name") else { continue }
            ports.append(
                NamedPort(
                    name: name,
                    protocol: try field["protocol"]?.ipProtocol() ?? .tcp,
                    port: try field.required(number).integer(UInt16.self, in: 1...65535)
                )
            )
        }
        return ports
    }

    func mac(_ key: String) throws(ConversionError) -> MAC? {
        guard let text = try text(key) else { return nil }
        guard let mac = MAC(text) else { throw (self[key] ?? self).expected("a MAC address") }
        return mac
    }
}

// MARK: - Pods

private enum PodAnnotation {
    static let addresses = "cni.projectcalico.org/podIPs"
    static let address = "cni.projectcalico.org/podIP"
    static let hardwareAddress = "cni.projectcalico.org/hwAddr"
    static let sourcePrefixes = "cni.projectcalico.org/allowedSourcePrefixes"
}

/// A pod's endpoint: none before it has a node, or when it uses the host's network; taken away while
/// it has no address, and once it is finished, because its address may then be another's.
func podEndpoint(_ field: Field, _ resource: Resource) throws(ConversionError) -> [Update] {
    guard let id = endpointID(of: resource), let spec = field["spec"] else { return [] }
    let phase = try field["status"]?.text("phase")
    let isFinished = phase == "Succeeded" || phase == "Failed"
    let addresses = try podAddresses(field)
    let usesHostNetwork = try spec.flag("hostNetwork")
    guard !isFinished, !addresses.isEmpty, !usesHostNetwork else { return [.endpoint(id, nil)] }
    var endpoint = Endpoint(id: id, addresses: addresses)
    let namespace = resource.namespace ?? ""
    let account = try spec.text("serviceAccountName") ?? "default"
    endpoint.labels = try field["metadata"]?.stringMap("labels") ?? [:]
    endpoint.labels[WellKnown.namespace] = namespace
    endpoint.labels[WellKnown.orchestrator] = "k8s"
    if account.utf8.count < 63 { endpoint.labels[WellKnown.serviceAccount] = account }
    endpoint.profiles = [
        namespaceProfileName(namespace), serviceAccountProfileName(account, namespace: namespace),
    ]
    endpoint.ports = try containerPorts(spec)
    endpoint.interface = workloadInterfaceName(namespace: namespace, pod: resource.name)
    let annotations = field["metadata"]?["annotations"]
    endpoint.mac = try annotations?.mac(PodAnnotation.hardwareAddress)
    endpoint.allowedSourcePrefixes = try sourcePrefixes(annotations)
    return [.endpoint(id, endpoint)]
}

/// What the CNI plugin annotated goes before what kubelet reports, because it is there earlier; an
/// empty annotation says that the plugin has released the address.
private func podAddresses(_ field: Field) throws(ConversionError) -> [Address] {
    let annotations = field["metadata"]?["annotations"]
    for key in [PodAnnotation.addresses, PodAnnotation.address] {
        guard let annotation = annotations?[key] else { continue }
        var addresses: [Address] = []
        for part in try annotation.string().split(separator: ",") {
            guard let prefix = Prefix(part), prefix.isSingleAddress else {
                throw annotation.expected("IP addresses")
            }
            addresses.append(prefix.address)
        }
        return addresses
    }
    guard let status = field["status"] else { return [] }
    let all = try status.list("podIPs").map { entry throws(ConversionError) in
        try entry.required("ip").address()
    }
    if !all.isEmpty { return all }
    guard try status.text("podIP") != nil, let only = status["podIP"] else { return [] }
    return [try only.address()]
}

/// Init containers that go on running (sidecars) serve ports too.
private func containerPorts(_ spec: Field) throws(ConversionError) -> [NamedPort] {
    var ports: [NamedPort] = []
    for container in try spec.list("containers") {
        ports += try container.namedPorts("ports", number: "containerPort")
    }
    for container in try spec.list("initContainers")
    where try container.text("restartPolicy") == "Always" {
        ports += try container.namedPorts("ports", number: "containerPort")
    }
    return ports
}

private func sourcePrefixes(_ annotations: Field?) throws(ConversionError) -> [Prefix] {
    guard let field = annotations?[PodAnnotation.sourcePrefixes] else { return [] }
    guard let value = try? JSONValue(parsing: try field.string()), value.array != nil else {
        throw field.expected("a JSON list of CIDRs")
    }
    let wrapped = Field(object: field.object, path: field.path, value: ["prefixes": value])
    return try wrapped.prefixes("prefixes")
}
