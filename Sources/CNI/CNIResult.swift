package import JSON
package import Model

/// A link that ADD made.
package struct CNIInterface: Hashable, Sendable {
    package var name: String
    package var mac: String
    /// Path of the namespace it is in; empty on the host.
    package var sandbox: String
    /// Told from 1.1.0 on.
    package var mtu: UInt32?

    package init(name: String, mac: String = "", sandbox: String = "", mtu: UInt32? = nil) {
        self.name = name
        self.mac = mac
        self.sandbox = sandbox
        self.mtu = mtu
    }
}

/// An address that ADD assigned.
package struct CNIAddress: Hashable, Sendable {
    package var address: Address
    package var prefixLength: Int
    package var gateway: Address?
    /// Its place in ``CNIResult/interfaces``.
    package var interface: Int?

    package init(
        address: Address,
        prefixLength: Int? = nil,
        gateway: Address? = nil,
        interface: Int? = nil
    ) {
        self.address = address
        self.prefixLength = prefixLength ?? address.family.bitWidth
        self.gateway = gateway
        self.interface = interface
    }
}

/// A route that ADD put in the container.
package struct CNIRoute: Hashable, Sendable {
    package var destination: Prefix
    package var gateway: Address?
    /// Members of 1.1.0 and later that we hand on without a look: `mtu`, `table`, `scope`, ….
    package var others: JSONObject

    package init(destination: Prefix, gateway: Address? = nil, others: JSONObject = JSONObject()) {
        self.destination = destination
        self.gateway = gateway
        self.others = others
    }
}

/// What ADD made, as the runtime is told.
package struct CNIResult: Hashable, Sendable {
    package var interfaces: [CNIInterface]
    package var addresses: [CNIAddress]
    package var routes: [CNIRoute]
    /// Handed on without a look.
    package var dns: JSONValue?

    package init(
        interfaces: [CNIInterface] = [],
        addresses: [CNIAddress] = [],
        routes: [CNIRoute] = [],
        dns: JSONValue? = nil
    ) {
        self.interfaces = interfaces
        self.addresses = addresses
        self.routes = routes
        self.dns = dns
    }

    /// The result of a plugin that ran after others: theirs first, then its own.
    package func following(_ previous: CNIResult?) -> CNIResult {
        guard let previous else { return self }
        let shift = previous.interfaces.count
        return CNIResult(
            interfaces: previous.interfaces + interfaces,
            addresses: previous.addresses
                + addresses.map { address in
                    var address = address
                    address.interface = address.interface.map { $0 + shift }
                    return address
                },
            routes: previous.routes + routes,
            dns: dns ?? previous.dns
        )
    }
}
