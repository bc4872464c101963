internal import JSON
package import Model

/// A node's address together with the subnet it was written with.
package struct NodeAddress: Hashable, Sendable {
    package let address: Address
    package let subnet: Prefix

    /// Parses `address/length` or a lone address.
    init(_ field: Field) throws(ConversionError) {
        let text = try field.string()
        guard let subnet = Prefix(text),
            let address = Address(text.prefix { $0 != "/" })
        else { throw field.expected("an address with its subnet's length") }
        self.address = address
        self.subnet = subnet
    }
}

/// A node as routing and overlays see it: Calico's Node, or a Kubernetes Node with Calico's
/// annotations (inventory §2.2).
package struct NodeView: Hashable, Sendable {
    package let name: String
    package let labels: [String: String]
    package private(set) var ipv4: NodeAddress?
    package private(set) var ipv6: NodeAddress?
    package private(set) var asNumber: UInt32?
    package private(set) var routeReflectorClusterID: String?
    package private(set) var ipipTunnel: Address?
    package private(set) var vxlanTunnelV4: Address?
    package private(set) var vxlanTunnelV6: Address?
    package private(set) var vxlanTunnelMACV4: MAC?
    package private(set) var vxlanTunnelMACV6: MAC?
    package private(set) var wireguardV4: Address?
    package private(set) var wireguardV6: Address?

    package init(_ resource: Resource) throws(ConversionError) {
        name = resource.name
        labels = resource.labels
        let field = Field(resource)
        if resource.type == .core("Node") {
            try read(kubernetes: field)
        } else {
            try read(calico: field)
        }
    }

    private mutating func read(calico field: Field) throws(ConversionError) {
        guard let spec = field["spec"] else { return }
        if let bgp = spec["bgp"] {
            ipv4 = try bgp.nodeAddress("ipv4Address")
            ipv6 = try bgp.nodeAddress("ipv6Address")
            asNumber = try bgp["asNumber"]?.asNumber()
            routeReflectorClusterID = try bgp.text("routeReflectorClusterID")
            ipipTunnel = try bgp.tunnelAddress("ipv4IPIPTunnelAddr")
        }
        vxlanTunnelV4 = try spec.tunnelAddress("ipv4VXLANTunnelAddr")
        vxlanTunnelV6 = try spec.tunnelAddress("ipv6VXLANTunnelAddr")
        vxlanTunnelMACV4 = try spec.mac("vxlanTunnelMACAddr")
        vxlanTunnelMACV6 = try spec.mac("vxlanTunnelMACAddrV6")
        wireguardV4 = try spec["wireguard"]?.tunnelAddress("interfaceIPv4Address")
        wireguardV6 = try spec["wireguard"]?.tunnelAddress("interfaceIPv6Address")
    }

    /// What Calico's node agent wrote goes before the addresses that kubelet reports.
    private mutating func read(kubernetes field: Field) throws(ConversionError) {
        if let notes = field["metadata"]?["annotations"] {
            let prefix = "projectcalico.org/"
            ipv4 = try notes.nodeAddress(prefix + "IPv4Address")
            ipv6 = try notes.nodeAddress(prefix + "IPv6Address")
            asNumber = try notes[prefix + "ASNumber"]?.asNumber()
            routeReflectorClusterID = try notes.text(prefix + "RouteReflectorClusterID")
            ipipTunnel = try notes.tunnelAddress(prefix + "IPv4IPIPTunnelAddr")
            vxlanTunnelV4 = try notes.tunnelAddress(prefix + "IPv4VXLANTunnelAddr")
            vxlanTunnelV6 = try notes.tunnelAddress(prefix + "IPv6VXLANTunnelAddr")
            vxlanTunnelMACV4 = try notes.mac(prefix + "VXLANTunnelMACAddr")
            vxlanTunnelMACV6 = try notes.mac(prefix + "VXLANTunnelMACAddrV6")
            wireguardV4 = try notes.tunnelAddress(prefix + "IPv4WireguardInterfaceAddr")
            wireguardV6 = try notes.tunnelAddress(prefix + "IPv6WireguardInterfaceAddr")
        }
        for entry in try field["status"]?.list("addresses") ?? [] {
            guard try entry.text("type") == "InternalIP",
                let found = try entry.nodeAddress("address")
            else { continue }
            switch found.address.family {
            case .v4: ipv4 = ipv4 ?? found
            case .v6: ipv6 = ipv6 ?? found
            }
        }
    }
}

extension Field {
    fileprivate func nodeAddress(_ key: String) throws(ConversionError) -> NodeAddress? {
        guard try text(key) != nil, let field = self[key] else { return nil }
        return try NodeAddress(field)
    }

    /// A number, or two of 16 bits as `high.low` (RFC 5396's asdot+).
    func asNumber() throws(ConversionError) -> UInt32 {
        let text = value.string ?? value.description
        if let number = UInt32(text) { return number }
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
            .compactMap { UInt16($0) }
        guard halves.count == 2, text.utf8.filter({ $0 == UInt8(ascii: ".") }).count == 1
        else { throw expected("an AS number") }
        return UInt32(halves[0]) << 16 | UInt32(halves[1])
    }

    fileprivate func tunnelAddress(_ key: String) throws(ConversionError) -> Address? {
        try nodeAddress(key)?.address
    }
}
