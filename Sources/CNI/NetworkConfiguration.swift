package import JSON

/// The network configuration that comes on standard input: the specification's keys and Calico's.
///
/// Keys that we do not know stay in ``raw``; known ones with a wrong type are refused.
package struct NetworkConfiguration: Hashable, Sendable {
    /// Everything, as it came.
    package let raw: JSONObject
    package let version: CNIVersion
    package let name: String
    package let type: String
    /// What the plugins before this one made, or what ADD answered.
    package let previousResult: CNIResult?
    /// GC: the attachments that still exist; `nil` when the runtime did not say.
    package let validAttachments: [CNIAttachment]?
    package let ipam: IPAMConfiguration
    /// `nil` leaves it to the agent.
    package let mtu: UInt32?
    /// Transmit and receive queues of each end of a link.
    package let queues: UInt32
    package let nodeName: String?
    package let nodeNameFile: String?
    /// `container_settings.allow_ip_forwarding`.
    package let allowsForwarding: Bool
    /// Whether the default routes are told in the result.
    package let includesDefaultRoutes: Bool
    package let features: FeatureControl
    /// How long ADD may wait for policy.
    package let policyTimeout: Duration?
    package let logLevel: String?
    /// `veth` or `netkit`.
    package let deviceType: String?
    /// Ours: where the agent listens.
    package let agentSocket: String?
    /// Ours: how long the plugin waits for the agent's answer.
    package let agentTimeout: Duration?
}

/// The part about addresses.
package struct IPAMConfiguration: Hashable, Sendable {
    /// `caracal-ipam`, `calico-ipam`, `host-local`, …; `nil` without the part.
    package let type: String?
    package let assignsIPv4: Bool
    package let assignsIPv6: Bool
    /// Names or CIDRs.
    package let ipv4Pools: [String]
    package let ipv6Pools: [String]
}

/// What annotations on pods may ask for.
package struct FeatureControl: Hashable, Sendable {
    package let allowsAddressesWithoutIPAM: Bool
    package let allowsFloatingIPs: Bool
}

extension NetworkConfiguration {
    /// Reads and checks a whole configuration.
    package init(parsing bytes: [UInt8]) throws(CNIError) {
        try self.init(json: Self.document(bytes))
    }

    /// Checks a configuration that has been read.
    package init(json: JSONValue) throws(CNIError) {
        let reader = try ConfigurationReader(json, path: "")
        raw = reader.object
        version = try Self.version(json)
        name = try reader.string("name") ?? ""
        guard isWord(name) else {
            throw CNIError(
                .invalidConfiguration,
                name.isEmpty ? "missing network name" : "invalid network name",
                details: name
            )
        }
        type = try reader.string("type") ?? ""
        if let previous = json["prevResult"], !previous.isNull {
            previousResult = try CNIResult(json: previous)
        } else {
            previousResult = nil
        }
        validAttachments = try Self.attachments(reader)
        ipam = try IPAMConfiguration(reader.part("ipam"))
        let mtu = try reader.number("mtu", in: 0...65535) ?? 0
        self.mtu = mtu == 0 ? nil : UInt32(mtu)
        queues = UInt32(max(1, try reader.number("num_queues", in: 0...1024) ?? 1))
        nodeName = try reader.string("nodename")
        nodeNameFile = try reader.string("nodename_file")
        allowsForwarding =
            try reader.part("container_settings").bool("allow_ip_forwarding") ?? false
        includesDefaultRoutes = try reader.bool("include_default_routes") ?? false
        features = try FeatureControl(reader.part("feature_control"))
        let timeout = try reader.number("policy_setup_timeout_seconds", in: 0...3600) ?? 0
        policyTimeout = timeout == 0 ? nil : .seconds(timeout)
        logLevel = try reader.string("log_level")
        deviceType = try reader.string("device_type")
        agentSocket = try reader.string("agent_socket")
        let patience = try reader.number("agent_timeout_seconds", in: 0...3600) ?? 0
        agentTimeout = patience == 0 ? nil : .seconds(patience)
    }

    /// The version that a document asks for, before anything else of it is looked at.
    package static func version(_ json: JSONValue) throws(CNIError) -> CNIVersion {
        guard let value = json["cniVersion"], !value.isNull else { return .unwritten }
        guard let text = value.string else {
            throw CNIError(.decoding, "invalid cniVersion", details: value.description)
        }
        guard !text.isEmpty else { return .unwritten }
        guard let version = CNIVersion(rawValue: text) else {
            throw CNIError(
                .incompatibleVersion,
                "incompatible CNI version \(text)",
                details: "supported: "
                    + CNIVersion.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return version
    }

    /// Reads a document that must be an object.
    package static func document(_ bytes: [UInt8]) throws(CNIError) -> JSONValue {
        do throws(JSONError) {
            let json = try JSONValue(parsing: bytes)
            if json.object != nil { return json }
        } catch {
            throw CNIError(
                .decoding,
                "network configuration is not JSON",
                details: error.description
            )
        }
        throw CNIError(.decoding, "network configuration is not an object")
    }

    private static func attachments(
        _ reader: ConfigurationReader
    ) throws(CNIError) -> [CNIAttachment]? {
        let key = "cni.dev/valid-attachments"
        guard let value = reader.object[key], !value.isNull else { return nil }
        guard let list = value.array else { throw reader.wrong(key, value, "a list") }
        var attachments: [CNIAttachment] = []
        for element in list {
            guard let id = element["containerID"]?.string, let name = element["ifname"]?.string
            else { throw reader.wrong(key, element, "containerID and ifname") }
            attachments.append(try CNIAttachment(containerID: id, interface: name))
        }
        return attachments
    }
}

extension IPAMConfiguration {
    fileprivate init(_ reader: ConfigurationReader) throws(CNIError) {
        type = try reader.string("type")
        // Calico writes these two as text.
        assignsIPv4 = try reader.bool("assign_ipv4") ?? true
        assignsIPv6 = try reader.bool("assign_ipv6") ?? false
        ipv4Pools = try reader.strings("ipv4_pools")
        ipv6Pools = try reader.strings("ipv6_pools")
    }
}

extension FeatureControl {
    fileprivate init(_ reader: ConfigurationReader) throws(CNIError) {
        allowsAddressesWithoutIPAM = try reader.bool("ip_addrs_no_ipam") ?? false
        allowsFloatingIPs = try reader.bool("floating_ips") ?? false
    }
}
