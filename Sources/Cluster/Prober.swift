import Linux
package import Model

/// Finds out with real packets who reaches whom: opens servers and clients inside the namespaces of
/// all endpoints and watches them with one poll loop.
package struct Prober: Sendable {
    /// One end: where its packets start and where it is reached.
    package struct Endpoint: Sendable {
        package let name: String
        /// Path of the network namespace.
        package let namespace: String
        package let addresses: [Address]

        package init(name: String, namespace: String, addresses: [Address]) {
            self.name = name
            self.namespace = namespace
            self.addresses = addresses
        }
    }

    /// How long an answer may take; what has not come by then was dropped.
    package var timeout: Duration = .milliseconds(600)
    package let endpoints: [Endpoint]

    package init(endpoints: [Endpoint]) {
        self.endpoints = endpoints
    }

    /// One table a port, in the family asked for.
    package func probe(_ ports: [ProbePort], _ family: Family) throws -> [TruthTable] {
        let round = ProbeRound()
        // All servers before the first client: nobody may be refused for being early.
        for endpoint in endpoints {
            guard let address = endpoint.address(family) else { continue }
            try inside(endpoint) { try round.openServers(ports, at: address) }
        }
        for (source, endpoint) in endpoints.enumerated() {
            guard let own = endpoint.address(family) else { continue }
            try inside(endpoint) {
                for (destination, target) in endpoints.enumerated() where destination != source {
                    guard let address = target.address(family) else { continue }
                    for port in ports {
                        try round.openClient(source, destination, port, from: own, to: address)
                    }
                }
            }
        }
        round.run(timeout)
        return ports.map { port in
            let rows = endpoints.indices.map { source in
                String(
                    endpoints.indices.map { destination in
                        cell(source, destination, port, family, round)
                    }
                )
            }
            return TruthTable(port: port.description, endpoints: endpoints.map(\.name), rows: rows)
        }
    }

    private func inside(_ endpoint: Endpoint, _ body: () throws -> Void) throws {
        try NetworkNamespace(path: endpoint.namespace).run(body)
    }

    private func cell(
        _ source: Int,
        _ destination: Int,
        _ port: ProbePort,
        _ family: Family,
        _ round: ProbeRound
    ) -> Character {
        guard endpoints[source].address(family) != nil,
            endpoints[destination].address(family) != nil
        else { return "-" }
        // An endpoint's own traffic to itself never leaves it.
        guard source != destination else { return "." }
        return round.hasReached(source, destination, port) ? "." : "X"
    }
}

extension Prober.Endpoint {
    package func address(_ family: Family) -> Address? {
        addresses.first { $0.family == family }
    }
}
