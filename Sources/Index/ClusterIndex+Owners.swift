package import Model

extension ClusterIndex {
    /// Whom an address belongs to, those that name it most closely first; empty when nobody is known.
    package func owners(named address: Address) -> [AddressOwner] {
        let owners = tree.path(to: address).reversed().flatMap { tree.owners(of: $0) }
        return owners.compactMap { items.key(of: $0) }.map { key in
            switch key {
            case .endpoint(let id): .endpoint(id)
            case .networkSet(let id): .networkSet(id)
            }
        }
    }
}
