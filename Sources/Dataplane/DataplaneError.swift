package import Model

/// Why the kernel does not hold what it should.
package enum DataplaneError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The map has no room for an entry of `object`, or the kernel no memory for it.
    case mapFull(MapName, object: String, limit: Int)
    /// A map could not be read or written.
    case map(MapName, object: String, reason: String)
    /// There are no more slots for endpoints.
    case tooManyEndpoints(EndpointID, limit: Int)
    /// Something the dataplane cannot do without is missing on this machine.
    case missing(feature: String, reason: String)
    /// A parameter has a value that makes no sense.
    case configuration(field: String, value: String, reason: String)
    /// A program could not be attached.
    case attach(program: String, interface: String, reason: String)
    /// Interfaces or addresses of the node could not be read.
    case network(reason: String)
    /// The address belongs to another endpoint, which keeps it.
    case addressInUse(Address, owner: EndpointID, other: EndpointID)
    /// The endpoint's policy was not live in time; `reason` says what was still missing.
    case notLive(EndpointID, reason: String)
    /// The last change is not in the kernel yet; it is tried again every second.
    case notCurrent
    /// A call came before ``Dataplane/start()`` or after ``Dataplane/stop()``.
    case notStarted

    package var description: String {
        switch self {
        case .mapFull(let map, let object, let limit):
            "map \(map.rawValue) is full: no room for \(object) beyond \(limit) entries"
        case .map(let map, let object, let reason): "map \(map.rawValue), \(object): \(reason)"
        case .tooManyEndpoints(let id, let limit):
            "no slot for endpoint \(id): all \(limit) are in use"
        case .missing(let feature, let reason): "\(feature) is missing: \(reason)"
        case .configuration(let field, let value, let reason):
            "\(field) is \"\(value)\": \(reason)"
        case .attach(let program, let interface, let reason):
            "attaching \(program) to \(interface): \(reason)"
        case .network(let reason): "reading the node's interfaces: \(reason)"
        case .addressInUse(let address, let owner, let other):
            "address \(address) of \(other) belongs to \(owner), which keeps it"
        case .notLive(let id, let reason): "policy of \(id) is not live: \(reason)"
        case .notCurrent: "the kernel does not hold the last change yet; it is tried again"
        case .notStarted: "the dataplane is not running"
        }
    }
}
