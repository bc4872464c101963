import Compile
import Model

@testable import Dataplane

extension EndpointID {
    static let podA = workload("a")
    static let podB = workload("b")
    static let podC = workload("c")

    static func workload(_ name: String) -> EndpointID {
        .workload(node: "n1", workload: "default/\(name)", endpoint: "eth0")
    }
}

extension Address {
    static let a = Address(v4: 0x0a00_0001)
    static let b = Address(v4: 0x0a00_0002)
    static let b6 = Address(high: 0xfd00_0000_0000_0000, low: 2)
}

extension Prefix {
    static func v4(_ address: UInt32, _ length: Int = 32) -> Prefix {
        Prefix(Address(v4: address), length: length) ?? Prefix(Address(v4: address))
    }
}

extension Endpoint {
    static let podA = local(.podA, "cali-a", [.a])
    static let podB = local(.podB, "cali-b", [.b, .b6])

    /// A pod on this node.
    static func local(
        _ id: EndpointID,
        _ interface: String,
        _ addresses: [Address]
    ) -> Endpoint {
        Endpoint(
            id: id,
            addresses: addresses,
            interface: interface,
            mac: MAC(bytes: [2, 0, 0, 0, 0, UInt8(interface.utf8.last ?? 0)])
        )
    }
}

extension HostLink {
    /// The host end of a pod's link with the MAC that all of them have.
    static func link(_ index: UInt32) -> HostLink? {
        MAC("ee:ee:ee:ee:ee:ee").map { HostLink(index: index, mac: $0) }
    }
}

extension ProgramTables {
    /// A program that allows `classes` and denies the rest.
    static func allowing(_ classes: [UInt32], id: UInt32) -> ProgramTables {
        var tables = ProgramTables(id: id)
        tables.groups = Dictionary(uniqueKeysWithValues: classes.map { ($0, 1) })
        tables.ports = [PortPrefix(protocol: 6, port: 80, length: 16): 1]
        for group in UInt32(0)...1 {
            for port in UInt32(0)...1 {
                tables.verdicts[
                    VerdictKey(group: group, portGroup: port, sourcePortGroup: 0)
                ] = Verdict(isAllowed: group == 1 && port == 1, rule: group, logRule: 0)
            }
        }
        return tables
    }
}

extension DataplaneChange {
    /// Pods A and B under programs 100 and 101, two remote classes.
    static var twoPods: DataplaneChange {
        var change = DataplaneChange()
        change.programsAdded = [.allowing([5], id: 100), .allowing([6], id: 101)]
        change.classes = [.v4(0x0a00_0100, 24): 5, .v4(0x0a00_0200): 6]
        change.endpoints = [
            .a: EndpointPrograms(id: .podA, ingress: 100, egress: 1),
            .b: EndpointPrograms(id: .podB, ingress: 101, egress: 1),
            .b6: EndpointPrograms(id: .podB, ingress: 101, egress: 1),
        ]
        change.spoofers = [.podB: [.v4: 101]]
        return change
    }

    /// Pod A from program 100 to 102, and a class that program 101 must learn of.
    static var switchOfPodA: DataplaneChange {
        var change = DataplaneChange()
        change.programsAdded = [.allowing([5, 7], id: 102)]
        var extension101 = ProgramTables(id: 101)
        extension101.groups = [7: 1]
        change.programsExtended = [extension101]
        change.classes = [.v4(0x0a00_0300): 7, .v4(0x0a00_0200): nil]
        change.endpoints = [.a: EndpointPrograms(id: .podA, ingress: 102, egress: 1)]
        change.revoked = [101]
        change.groupsRemoved = [101: [6]]
        change.programsRemoved = [100]
        return change
    }
}

extension DataplaneChange {
    /// ``twoPods`` and ``switchOfPodA`` in one, as an agent sees it that starts later.
    static var afterSwitchOfPodA: DataplaneChange {
        var change = twoPods
        change.programsAdded = [.allowing([5, 7], id: 102), .allowing([7], id: 101)]
        change.classes = [.v4(0x0a00_0100, 24): 5, .v4(0x0a00_0300): 7]
        change.endpoints[.a] = EndpointPrograms(id: .podA, ingress: 102, egress: 1)
        return change
    }
}

extension Reconciler {
    /// One over `maps` that knows pods A and B and their links.
    static func withTwoPods(_ maps: some MapStore) throws -> Reconciler {
        var reconciler = try Reconciler(maps: maps)
        reconciler.local.register(.podA)
        reconciler.local.register(.podB)
        reconciler.local.setLink(.link(11), of: "cali-a")
        reconciler.local.setLink(.link(12), of: "cali-b")
        return reconciler
    }
}
