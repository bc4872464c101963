/// An endpoint or network set that has an address.
package enum AddressOwner: Hashable, Sendable, CustomStringConvertible {
    case endpoint(EndpointID)
    case networkSet(NetworkSetID)

    package var description: String {
        switch self {
        case .endpoint(let id): id.description
        case .networkSet(let id): "network set \(id)"
        }
    }
}
