package import Model

/// How full a pool is.
package struct PoolUtilization: Hashable, Sendable {
    package let name: String
    package let cidr: Prefix
    package internal(set) var blocks: [BlockUtilization] = []
    /// All counts saturate at `UInt64.max`.
    package internal(set) var capacity: UInt64
    package internal(set) var inUse: UInt64 = 0
    /// Addresses under a reservation, in use or not.
    package internal(set) var reserved: UInt64 = 0
    /// Neither in use nor reserved.
    package internal(set) var available: UInt64 = 0
}

/// How full a block is.
package struct BlockUtilization: Hashable, Sendable {
    package let cidr: Prefix
    package let affinity: Affinity?
    package let capacity: Int
    package let inUse: Int
}

extension IPAM {
    /// The pools of these names or CIDRs, or all of them, by name.
    package func utilization(
        of wanted: [String] = []
    ) async throws(IPAMError) -> [PoolUtilization] {
        let settings = try await settings()
        let all: [Stored<Block>] = try await list()
        let byPool = Dictionary(grouping: all.map(\.value)) {
            settings.pools.owner(of: $0.cidr)?.name
        }
        return settings.pools.filter { pool in
            wanted.isEmpty || wanted.contains(pool.name)
                || wanted.contains(pool.cidr.description)
        }.map { pool in
            Self.utilization(of: pool, byPool[pool.name] ?? [], settings.reservations)
        }
    }

    private static func utilization(
        of pool: Pool,
        _ blocks: [Block],
        _ reservations: Reservations
    ) -> PoolUtilization {
        var result = PoolUtilization(name: pool.name, cidr: pool.cidr, capacity: pool.cidr.count)
        result.reserved = reservations.count(in: pool.cidr)
        var reservedInUse: UInt64 = 0
        for block in blocks.sorted(by: { $0.cidr < $1.cidr }) {
            let inUse = block.inUse
            result.blocks.append(
                BlockUtilization(
                    cidr: block.cidr,
                    affinity: block.affinity,
                    capacity: block.count,
                    inUse: inUse.count
                )
            )
            result.inUse += UInt64(inUse.count)
            guard !reservations.isEmpty else { continue }
            reservedInUse += UInt64(inUse.count { reservations.contains($0.address) })
        }
        let taken = result.inUse + (result.reserved - reservedInUse)
        result.available = result.capacity - min(taken, result.capacity)
        return result
    }

    /// Who holds an address; `.notFound` when nobody does.
    package func allocation(of address: Address) async throws(IPAMError) -> Allocation {
        let settings = try await settings()
        guard let cidr = try await block(of: address, settings),
            let allocation = try await read(cidr)?.value.allocation(of: address)
        else { throw .notFound("an allocation of \(address)") }
        return allocation
    }
}

extension IPAM {
    /// All addresses in use, by address.
    package func allocations() async throws(IPAMError) -> [Allocation] {
        let all: [Stored<Block>] = try await list()
        return all.flatMap(\.value.inUse).sorted { $0.address < $1.address }
    }
}
