internal import Linux
package import Model
internal import Netlink

/// An address of this machine with the length of its subnet.
package struct MachineAddress: Hashable, Sendable, CustomStringConvertible {
    package let address: Address
    package let prefixLength: Int
    package let interface: String

    package init(address: Address, prefixLength: Int, interface: String) {
        self.address = address
        self.prefixLength = prefixLength
        self.interface = interface
    }

    /// The form of a Node's `spec.bgp.ipv4Address`.
    package var description: String { "\(address)/\(prefixLength)" }
}

/// How the address that stands for a node is found (inventory §1.5).
package enum AddressDetection: Hashable, Sendable {
    /// On the first interface that is no tunnel, bridge or pod's.
    case firstFound
    /// On the first interface, by order of the patterns, that one of them matches whole.
    case interface([String])
    /// As `firstFound`, leaving interfaces that one of them matches whole.
    case skipInterface([String])
    case cidr([Prefix])
    /// The one from which the kernel would send there.
    case canReach(Address)

    /// Parses the value of `IP_AUTODETECTION_METHOD`.
    package init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        let values = parts.count == 2 ? parts[1].split(separator: ",").map(String.init) : []
        switch (parts.first, values.isEmpty) {
        case ("first-found", true), (nil, true): self = .firstFound
        case ("interface", false): self = .interface(values)
        case ("skip-interface", false): self = .skipInterface(values)
        case ("cidr", false):
            let prefixes = values.compactMap { Prefix($0) }
            guard prefixes.count == values.count else { return nil }
            self = .cidr(prefixes)
        case ("can-reach", false):
            guard let address = Address(parts[1]) else { return nil }
            self = .canReach(address)
        default: return nil
        }
    }

    /// Interfaces that never carry the node's own address, as in Calico.
    private static let foreign = [
        "docker.*", "cbr.*", "dummy.*", "virbr.*", "lxcbr.*", "veth.*", "lo", "cali.*", "tunl.*",
        "flannel.*", "kube-ipvs.*", "cni.*", "vxlan\\.calico.*", "vxlan-v6\\.calico.*",
        "wireguard\\.cali.*", "wg-v6\\.cali.*", "nodelocaldns.*", "podman.*",
    ]

    /// Picks from addresses in the order of interfaces; `source` tells from which address the
    /// kernel would send to another.
    package func pick(
        from addresses: [MachineAddress],
        _ family: Family,
        source: (Address) -> Address?
    ) -> MachineAddress? {
        let usable = addresses.filter { $0.address.family == family }
        switch self {
        case .firstFound:
            return usable.first { !Self.matches($0.interface, Self.foreign) }
        case .skipInterface(let patterns):
            return usable.first { !Self.matches($0.interface, Self.foreign + patterns) }
        case .interface(let patterns):
            for pattern in patterns {
                if let found = usable.first(where: { Self.matches($0.interface, [pattern]) }) {
                    return found
                }
            }
            return nil
        case .cidr(let prefixes):
            return usable.first { address in prefixes.contains { $0.contains(address.address) } }
        case .canReach(let target):
            guard target.family == family, let source = source(target) else { return nil }
            return usable.first { $0.address == source }
        }
    }

    /// Addresses on interfaces that are the node's own, tunnels, bridges and pods' links left out.
    package static func own(_ addresses: [MachineAddress]) -> [MachineAddress] {
        addresses.filter { !matches($0.interface, foreign) }
    }

    private static func matches(_ name: String, _ patterns: [String]) -> Bool {
        patterns.contains { pattern in
            guard let expression = try? Regex(pattern) else { return false }
            return (try? expression.wholeMatch(in: name)) != nil
        }
    }
}

// MARK: - The machine

extension MachineAddress {
    /// Global addresses of interfaces that are up, by interface.
    static func all() throws -> [MachineAddress] {
        var socket = try NetlinkSocket()
        let links = try socket.links().filter { $0.isUp && !$0.isLoopback }
        var result: [MachineAddress] = []
        for link in links.sorted(by: { $0.index.rawValue < $1.index.rawValue }) {
            for found in try socket.addresses(on: link.index) where found.scope == .universe {
                result.append(
                    MachineAddress(
                        address: found.address,
                        prefixLength: found.prefixLength,
                        interface: link.name
                    )
                )
            }
        }
        return result
    }
}
