import Model
import Resources

/// A node with what is asked of it often.
struct NodeFacts: Sendable {
    let view: NodeView
    private let text4: String
    private let text6: String

    init(_ view: NodeView) {
        self.view = view
        text4 = view.ipv4.map { "\($0.address)" } ?? ""
        text6 = view.ipv6.map { "\($0.address)" } ?? ""
    }

    func address(_ family: Family) -> NodeAddress? { family == .v4 ? view.ipv4 : view.ipv6 }

    /// The address as people write it; Calico compares these, not the numbers.
    func text(_ family: Family) -> String { family == .v4 ? text4 : text6 }

    var isReflector: Bool { view.routeReflectorClusterID != nil }
}

/// The cluster's nodes by name and by address.
struct NodeTable: Sendable {
    private(set) var byName: [String: NodeFacts] = [:]
    private var byAddress: [Address: String] = [:]

    subscript(name: String) -> NodeFacts? { byName[name] }

    /// The node that has the address.
    func node(at address: Address) -> NodeFacts? { byAddress[address].flatMap { byName[$0] } }

    mutating func set(_ view: NodeView) {
        remove(view.name)
        byName[view.name] = NodeFacts(view)
        for address in [view.ipv4, view.ipv6] {
            if let address { byAddress[address.address] = view.name }
        }
    }

    mutating func remove(_ name: String) {
        guard let old = byName.removeValue(forKey: name)?.view else { return }
        for address in [old.ipv4, old.ipv6] {
            guard let address, byAddress[address.address] == name else { continue }
            byAddress[address.address] = nil
        }
    }
}
