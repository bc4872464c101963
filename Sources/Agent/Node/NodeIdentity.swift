internal import Glibc
internal import Linux
package import Model
internal import Netlink

/// What this node is called and how others reach it, from the environment and the machine.
package enum NodeIdentity {
    /// The name: asked for, else `NODENAME`, else `HOSTNAME`, else what the kernel says, in lower
    /// case as Kubernetes has it.
    package static func name(_ asked: String?, environment: [String: String]) -> String {
        for name in [asked, environment["FELIX_FELIXHOSTNAME"], environment["NODENAME"]] {
            if let name, !name.isEmpty { return name }
        }
        if let name = environment["HOSTNAME"], !name.isEmpty { return name.lowercased() }
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self).lowercased()
    }

    /// The addresses, at most one a family: `IP` and `IP6` give one, say `none`, or leave it to
    /// detection by `IP_AUTODETECTION_METHOD` and `IP6_AUTODETECTION_METHOD`.
    package static func addresses(
        environment: [String: String],
        machine: [MachineAddress],
        source: (Address) -> Address?
    ) throws(NodeIdentityError) -> [MachineAddress] {
        var result: [MachineAddress] = []
        for (family, variable) in [(Family.v4, "IP"), (.v6, "IP6")] {
            let asked = environment[variable] ?? ""
            switch asked {
            case "none": continue
            case "", "autodetect":
                let name = "\(variable)_AUTODETECTION_METHOD"
                let text = environment[name] ?? ""
                guard let method = AddressDetection(text) else {
                    throw NodeIdentityError("\(name): \(text): no method of address detection")
                }
                if let found = method.pick(from: machine, family, source: source) {
                    result.append(found)
                } else if asked == "autodetect" {
                    throw NodeIdentityError("no IPv\(family.rawValue) address found by \(name)")
                }
            default:
                result.append(try explicit(asked, variable, family, machine))
            }
        }
        return result
    }

    private static func explicit(
        _ text: String,
        _ variable: String,
        _ family: Family,
        _ machine: [MachineAddress]
    ) throws(NodeIdentityError) -> MachineAddress {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let address = parts.first.flatMap({ Address($0) }), address.family == family else {
            throw NodeIdentityError("\(variable): \(text): no IPv\(family.rawValue) address")
        }
        let known = machine.first { $0.address == address }
        let length = parts.count == 2 ? Int(parts[1]) : known?.prefixLength ?? family.bitWidth
        guard let length, (0...family.bitWidth).contains(length) else {
            throw NodeIdentityError("\(variable): \(text): no prefix length")
        }
        return MachineAddress(
            address: address,
            prefixLength: length,
            interface: known?.interface ?? ""
        )
    }
}

/// Why the node's addresses could not be told.
package struct NodeIdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

// MARK: - The machine

extension NodeIdentity {
    /// From which address the kernel would send to another: a connected datagram socket knows, and
    /// no packet is sent.
    static func source(towards target: Address) -> Address? {
        let family = target.isV4 ? AF_INET : AF_INET6
        guard
            let raw = try? Linux.call(
                "socket",
                {
                    socket(family, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
                }
            )
        else { return nil }
        let probe = Descriptor(owning: raw)
        var bytes = [UInt8](repeating: 0, count: 28)
        withUnsafeBytes(of: sa_family_t(family)) { bytes.replaceSubrange(0..<2, with: $0) }
        bytes[3] = 53
        let start = target.isV4 ? 4 : 8
        bytes.replaceSubrange(start..<(start + target.familyBytes.count), with: target.familyBytes)
        var length = socklen_t(target.isV4 ? 16 : 28)
        let isKnown = probe.withRaw { raw in
            bytes.withUnsafeMutableBytes { buffer in
                buffer.withMemoryRebound(to: sockaddr.self) { address in
                    guard let base = address.baseAddress else { return false }
                    return connect(raw, base, length) == 0 && getsockname(raw, base, &length) == 0
                }
            }
        }
        guard isKnown else { return nil }
        return Address(bytes: bytes[start..<(start + target.familyBytes.count)])
    }

    /// The smallest MTU of the interfaces that carry the node's addresses.
    static func mtu(of addresses: [MachineAddress]) throws -> UInt32? {
        var netlink = try NetlinkSocket()
        let names = Set(addresses.map(\.interface))
        return try netlink.links().filter { names.contains($0.name) }.map(\.mtu).min()
    }
}
