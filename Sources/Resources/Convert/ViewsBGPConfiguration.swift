internal import JSON
package import Model

/// Where a password is kept: a key of a Secret.
package struct SecretKey: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package let key: String

    package init(name: String, key: String) {
        self.name = name
        self.key = key
    }

    package var description: String { "Secret \(name), key \(key)" }
}

/// Communities that a speaker adds to the routes inside a prefix.
package struct PrefixAdvertisement: Hashable, Sendable {
    package let cidr: Prefix
    /// Names of the object's own list, or values.
    package let communities: [String]
}

/// For pools of which kind the BGP speaker writes the routes to other nodes into the kernel
/// (inventory §6.4); VXLAN's and WireGuard's are never its.
package enum ClusterRoutePrograms: String, Hashable, Sendable {
    case everything = "Enabled"
    case nothing = "Disabled"
    case ipip = "EnabledIPIPOnly"
    case unencapsulated = "EnabledNoEncapOnly"
}

/// A BGPConfiguration as it was written: what it leaves out is `nil`, because that of a node and
/// `default` complete each other.
package struct BGPConfigurationView: Hashable, Sendable {
    /// How much is logged.
    package enum LogLevel: Hashable, Sendable {
        case debug
        case info
        /// Anything above, as BIRD knows no levels between.
        case nothing
    }

    package let name: String
    package private(set) var meshEnabled: Bool?
    package private(set) var asNumber: UInt32?
    package private(set) var listenPort: UInt16?
    /// Listen on the node's own addresses only.
    package private(set) var bindsToNode: Bool?
    package private(set) var logLevel: LogLevel?
    package private(set) var communities: [String: Community] = [:]
    /// `nil` when the field is not there; an empty list says that there are none.
    package private(set) var prefixAdvertisements: [PrefixAdvertisement]?
    package private(set) var clusterIPs: [Prefix] = []
    package private(set) var externalIPs: [Prefix] = []
    package private(set) var loadBalancerIPs: [Prefix] = []
    package private(set) var aggregatesLoadBalancers = true
    package private(set) var meshPassword: SecretKey?
    package private(set) var meshRestartTime: Duration?
    package private(set) var ignoredInterfaces: [String] = []
    /// The addresses under which workloads find the speaker of their node.
    package private(set) var workloadPeering: [Family: Address] = [:]
    package private(set) var programs: ClusterRoutePrograms?
    /// Metric of a route that nothing prefers, by family.
    package private(set) var normalPriority: [Family: UInt32] = [:]

    package init(_ resource: Resource) throws(ConversionError) {
        name = resource.name
        guard let spec = Field(resource)["spec"] else { return }
        meshEnabled =
            try spec["nodeToNodeMeshEnabled"] == nil
            ? nil : spec.flag("nodeToNodeMeshEnabled")
        asNumber = try spec["asNumber"]?.asNumber()
        listenPort = try spec["listenPort"]?.integer(UInt16.self, in: 0...65535)
        if listenPort == 0 { listenPort = nil }
        bindsToNode = try spec.text("bindMode").map { $0 == "NodeIP" }
        logLevel = try spec.text("logSeverityScreen").map(Self.logLevel)
        meshPassword = try spec.secretKey("nodeMeshPassword")
        meshRestartTime = try spec.duration("nodeMeshMaxRestartTime")
        ignoredInterfaces = try spec.strings("ignoredInterfaces")
        programs = try spec.text("programClusterRoutes")
            .map { ClusterRoutePrograms(rawValue: $0) ?? .unencapsulated }
        for family in Family.allCases {
            let key = "localWorkloadPeeringIPV\(family.rawValue)"
            if try spec.text(key) != nil { workloadPeering[family] = try spec[key]?.address() }
            normalPriority[family] = try spec["ipv\(family.rawValue)NormalRoutePriority"]?
                .integer(UInt32.self, in: 1...2_147_483_646)
        }
        try read(communitiesOf: spec)
        try read(servicesOf: spec)
    }

    private mutating func read(communitiesOf spec: Field) throws(ConversionError) {
        for entry in try spec.list("communities") {
            let value = try entry.required("value")
            guard let community = Community(try value.string())
            else { throw value.expected("a community: aa:nn or aa:nn:mm") }
            communities[try entry.required("name").string()] = community
        }
        guard spec["prefixAdvertisements"] != nil else { return }
        var advertisements: [PrefixAdvertisement] = []
        for entry in try spec.list("prefixAdvertisements") {
            advertisements.append(
                PrefixAdvertisement(
                    cidr: try entry.required("cidr").prefix(),
                    communities: try entry.strings("communities")
                )
            )
        }
        prefixAdvertisements = advertisements
    }

    private mutating func read(servicesOf spec: Field) throws(ConversionError) {
        clusterIPs = try spec.serviceNets("serviceClusterIPs")
        externalIPs = try spec.serviceNets("serviceExternalIPs")
        loadBalancerIPs = try spec.serviceNets("serviceLoadBalancerIPs")
        aggregatesLoadBalancers = try spec.text("serviceLoadBalancerAggregation") != "Disabled"
    }

    private static func logLevel(_ severity: String) -> LogLevel {
        switch severity.lowercased() {
        case "debug", "trace": .debug
        case "info": .info
        default: .nothing
        }
    }
}

extension Field {
    /// A password's place; `nil` when there is none, or none of it is said.
    func secretKey(_ key: String) throws(ConversionError) -> SecretKey? {
        guard let reference = self[key]?["secretKeyRef"] else { return nil }
        return SecretKey(
            name: try reference.required("name").string(),
            key: try reference.required("key").string()
        )
    }

    /// A time as Go writes it.
    func duration(_ key: String) throws(ConversionError) -> Duration? {
        guard let text = try text(key) else { return nil }
        guard let duration = Duration(goDuration: text), duration >= .zero
        else { throw (self[key] ?? self).expected("a duration such as 120s") }
        return duration
    }

    /// Calico passes over entries without a prefix.
    fileprivate func serviceNets(_ key: String) throws(ConversionError) -> [Prefix] {
        var nets: [Prefix] = []
        for entry in try list(key) where try entry.text("cidr") != nil {
            nets.append(try entry.required("cidr").prefix())
        }
        return nets
    }
}
