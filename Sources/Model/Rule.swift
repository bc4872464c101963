/// One rule: all its conditions must hold (inventory §4.2).
package struct Rule: Hashable, Sendable {
    package var action: Action
    /// `ipVersion`; `nil` matches both.
    package var family: Family?
    package var `protocol`: IPProtocol?
    package var notProtocol: IPProtocol?
    package var icmp: ICMPMatch?
    package var notICMP: ICMPMatch?
    package var source = EntityMatch()
    package var destination = EntityMatch()
    /// `metadata.annotations`.
    package var annotations: [String: String] = [:]

    package init(_ action: Action) {
        self.action = action
    }
}

/// An ICMP or ICMPv6 type, and a code where one is asked for.
package struct ICMPMatch: Hashable, Sendable {
    package var type: UInt8
    package var code: UInt8?

    package init(type: UInt8, code: UInt8? = nil) {
        self.type = type
        self.code = code
    }
}

/// Conditions on one end of a packet, ANDed.
///
/// Empty lists ask for nothing.
package struct EntityMatch: Hashable, Sendable {
    /// The address lies in one of them.
    ///
    /// A rule whose nets (or notNets) are all of the other family does not apply to a packet at all
    /// (inventory §4.2).
    package var nets: [Prefix] = []
    package var notNets: [Prefix] = []
    /// The address is that of an endpoint or in a network set matching each selector (canonical
    /// text, rewritten for namespaces and service accounts).
    ///
    /// Each selector may be met by another object.
    package var selectors: [String] = []
    /// The address matches none of them.
    package var notSelectors: [String] = []
    /// One of them fits: ranges and names are ORed.
    package var ports: [PortMatch] = []
    package var notPorts: [PortMatch] = []
    /// The end is one of the service's endpoints: address, protocol and port for a destination,
    /// address alone for a source.
    package var service: ServiceID?

    package init() {}

    package var isAny: Bool { self == EntityMatch() }
}

/// A port condition of a rule.
package enum PortMatch: Hashable, Sendable {
    /// Inclusive, host order.
    case range(ClosedRange<UInt16>)
    /// The port of that name on the endpoint concerned, with the port's own protocol.
    case named(String)
}

/// A Kubernetes service.
package struct ServiceID: Hashable, Sendable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package var description: String { "\(namespace)/\(name)" }
}
