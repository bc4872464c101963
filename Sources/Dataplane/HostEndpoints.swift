import CBPFABI
import Compile
package import Model

/// Which host endpoint each of the node's interfaces has (inventory §4.4).
///
/// An endpoint names its interface, or addresses of it, or with `*` all those that have no endpoint of
/// their own. Of several that fit one interface the first by name is it.
package struct HostEndpoints: Sendable {
    /// The key of `cara_hosts` for the endpoint of `*`.
    static let anyInterface: UInt32 = 0

    /// One of the node's interfaces, not a workload's.
    package struct Interface: Hashable, Sendable {
        package var index: UInt32
        package var name: String
        package var addresses: Set<Address>

        package init(index: UInt32, name: String, addresses: Set<Address> = []) {
            self.index = index
            self.name = name
            self.addresses = addresses
        }
    }

    private var endpoints: [EndpointID: Endpoint] = [:]
    private var interfaces: [Interface] = []

    package init() {}

    package var isEmpty: Bool { endpoints.isEmpty }

    package mutating func register(_ endpoint: Endpoint) {
        endpoints[endpoint.id] = endpoint
    }

    package mutating func unregister(_ id: EndpointID) {
        endpoints[id] = nil
    }

    package mutating func setInterfaces(_ interfaces: [Interface]) {
        self.interfaces = interfaces
    }

    /// The endpoint of each interface that has one of its own, and of `*`.
    package var assignment: [UInt32: EndpointID] {
        let sorted = endpoints.values.sorted { $0.id.description < $1.id.description }
        var result: [UInt32: EndpointID] = [:]
        result[Self.anyInterface] = sorted.first { $0.interface == "*" }?.id
        for interface in interfaces {
            result[interface.index] = sorted.first { $0.isOwn(of: interface) }?.id
        }
        return result
    }

    /// The node's interface that has the address.
    func interface(owning address: Address) -> UInt32? {
        interfaces.first { $0.addresses.contains(address) }?.index
    }

    /// What `cara_hosts` must hold.
    ///
    /// An endpoint whose policy is not known yet keeps what is there.
    func tables(_ policy: DesiredPolicy, actual: [UInt32: cara_host]) -> [UInt32: cara_host] {
        var result: [UInt32: cara_host] = [:]
        for (index, id) in assignment {
            result[index] = policy.hosts[id].map { cara_host($0) } ?? actual[index]
        }
        return result
    }
}

extension Endpoint {
    fileprivate func isOwn(of interface: HostEndpoints.Interface) -> Bool {
        guard let name = self.interface, !name.isEmpty else {
            return !interface.addresses.isDisjoint(with: addresses)
        }
        return name == interface.name
    }
}

extension cara_host {
    /// Programs whose verdicts some connection has.
    var programs: Set<UInt32> { Set([v4, v6, staged_v4, staged_v6].flatMap(\.programs)) }

    /// Those that workloads' traffic meets as well.
    var programsOfWorkloads: Set<UInt32> {
        Set([v4, v6, staged_v4, staged_v6].flatMap(\.programsOfWorkloads))
    }
}

extension cara_host {
    /// With other programs for those that `ids` names.
    func reformed(by ids: [UInt32: UInt32]) -> cara_host {
        cara_host(
            v4: v4.reformed(by: ids),
            v6: v6.reformed(by: ids),
            staged_v4: staged_v4.reformed(by: ids),
            staged_v6: staged_v6.reformed(by: ids)
        )
    }
}

extension cara_host_programs {
    fileprivate func reformed(by ids: [UInt32: UInt32]) -> cara_host_programs {
        func other(_ id: UInt32) -> UInt32 { ids[id] ?? id }
        return cara_host_programs(
            untracked_ingress: other(untracked_ingress),
            untracked_egress: other(untracked_egress),
            prednat: other(prednat),
            ingress: other(ingress),
            egress: other(egress),
            forward_ingress: other(forward_ingress),
            forward_egress: other(forward_egress),
            pad: 0
        )
    }

    fileprivate var programs: Set<UInt32> {
        programsOfWorkloads.union([untracked_ingress, untracked_egress, ingress, egress])
    }

    fileprivate var programsOfWorkloads: Set<UInt32> {
        [prednat, forward_ingress, forward_egress]
    }
}
