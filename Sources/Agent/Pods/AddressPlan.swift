internal import CNI
internal import IPAM
internal import JSON
internal import Model

/// Where a pod's addresses come from: its annotations, those of its namespace, the configuration.
struct AddressPlan: Hashable, Sendable {
    /// Particular addresses, at most one a family.
    var requested: [Address] = []
    /// `requested` are somebody else's to manage.
    var bypassesIPAM = false
    var assignsIPv4: Bool
    var assignsIPv6: Bool
    var pools4: [String]
    var pools6: [String]

    private enum Annotation {
        static let addresses = "cni.projectcalico.org/ipAddrs"
        static let addressesWithoutIPAM = "cni.projectcalico.org/ipAddrsNoIpam"
        static let pools4 = "cni.projectcalico.org/ipv4pools"
        static let pools6 = "cni.projectcalico.org/ipv6pools"
        static let families = "cni.projectcalico.org/ipFamilies"
    }

    init(
        _ configuration: NetworkConfiguration,
        pod: [String: String],
        namespace: [String: String]
    ) throws(CNIError) {
        let ipam = configuration.ipam
        (assignsIPv4, assignsIPv6) = (ipam.assignsIPv4, ipam.assignsIPv6)
        (pools4, pools6) = (ipam.ipv4Pools, ipam.ipv6Pools)
        for annotations in [namespace, pod] {
            if let pools = try Self.list(Annotation.pools4, annotations) { pools4 = pools }
            if let pools = try Self.list(Annotation.pools6, annotations) { pools6 = pools }
        }
        if let families = try Self.list(Annotation.families, pod) {
            assignsIPv4 = families.contains("IPv4")
            assignsIPv6 = families.contains("IPv6")
        }
        if let addresses = try Self.addresses(Annotation.addresses, pod) {
            requested = addresses
        } else if let addresses = try Self.addresses(Annotation.addressesWithoutIPAM, pod) {
            guard configuration.features.allowsAddressesWithoutIPAM else {
                throw CNIError(
                    .invalidConfiguration,
                    "\(Annotation.addressesWithoutIPAM) is not allowed",
                    details: "set feature_control.ip_addrs_no_ipam"
                )
            }
            requested = addresses
            bypassesIPAM = true
        }
        guard !requested.isEmpty || assignsIPv4 || assignsIPv6 else {
            throw CNIError(.invalidConfiguration, "neither IPv4 nor IPv6 is to be assigned")
        }
    }

    /// Whether these are all that is asked for.
    func isMet(by addresses: [Address]) -> Bool {
        guard requested.isEmpty else { return Set(addresses) == Set(requested) }
        let families = Set(addresses.map(\.family))
        return families.contains(.v4) == assignsIPv4 && families.contains(.v6) == assignsIPv6
    }

    private static func addresses(
        _ key: String,
        _ annotations: [String: String]
    ) throws(CNIError) -> [Address]? {
        guard let texts = try list(key, annotations) else { return nil }
        let addresses = texts.compactMap { Address($0) }
        let families = Set(addresses.map(\.family))
        guard addresses.count == texts.count, families.count == addresses.count,
            !addresses.isEmpty
        else { throw wrong(key, annotations, "a list of at most one address of each family") }
        return addresses
    }

    /// Annotations with lists are JSON.
    private static func list(
        _ key: String,
        _ annotations: [String: String]
    ) throws(CNIError) -> [String]? {
        guard let text = annotations[key], !text.isEmpty else { return nil }
        guard let elements = (try? JSONValue(parsing: text))?.array else {
            throw wrong(key, annotations, "a JSON list")
        }
        let texts = elements.compactMap(\.string)
        guard texts.count == elements.count else {
            throw wrong(key, annotations, "a list of strings")
        }
        return texts
    }

    private static func wrong(
        _ key: String,
        _ annotations: [String: String],
        _ expected: String
    ) -> CNIError {
        CNIError(
            .invalidConfiguration,
            "annotation \(key) is invalid",
            details: "\(annotations[key] ?? ""): expected \(expected)"
        )
    }
}
