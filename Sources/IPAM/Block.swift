package import Model

/// An aligned CIDR of a pool and who holds each of its addresses: Calico's IPAMBlock.
///
/// Addresses are named by ordinal, their distance from the block's first. `unallocated` is a queue:
/// addresses are taken from its head and given back at its tail, so that one that was released is
/// reused as late as possible.
package struct Block: Hashable, Sendable {
    package let cidr: Prefix
    package internal(set) var affinity: Affinity?
    package internal(set) var claimTime: Timestamp?
    /// Per ordinal an index into `attributes`, or `free`.
    package internal(set) var allocations: [Int]
    package internal(set) var unallocated: [Int]
    package internal(set) var attributes: [AllocationAttributes]
    /// Moves with every write; starts from the time, so that a block that was deleted and made
    /// again does not repeat itself.
    package internal(set) var sequenceNumber: UInt64
    /// `sequenceNumber` at the time of each allocation in force, by ordinal.
    package internal(set) var sequenceNumbers: [Int: UInt64] = [:]

    static let free = -1

    /// A block in which nothing is allocated.
    package init(cidr: Prefix, affinity: Affinity?, now: Timestamp) {
        let count = Int(clamping: cidr.count)
        self.cidr = cidr
        self.affinity = affinity
        claimTime = affinity == nil ? nil : now
        allocations = Array(repeating: Self.free, count: count)
        unallocated = Array(0..<count)
        attributes = []
        sequenceNumber = UInt64(clamping: now.nanoseconds)
    }

    init(
        cidr: Prefix,
        affinity: Affinity?,
        claimTime: Timestamp?,
        allocations: [Int],
        unallocated: [Int],
        attributes: [AllocationAttributes],
        sequenceNumber: UInt64,
        sequenceNumbers: [Int: UInt64]
    ) {
        self.cidr = cidr
        self.affinity = affinity
        self.claimTime = claimTime
        self.allocations = allocations
        self.unallocated = unallocated
        self.attributes = attributes
        self.sequenceNumber = sequenceNumber
        self.sequenceNumbers = sequenceNumbers
    }
}

/// Who holds an address; allocations made together share one.
package struct AllocationAttributes: Hashable, Sendable {
    package var handle: String?
    /// `pod`, `namespace`, `node`, `timestamp`, `type` and so on.
    package var owner: [String: String]
    /// The owner that a virtual machine migrates to.
    package var alternateOwner: [String: String]
    /// Set while a released address cools down and may not be used again yet.
    package var releasedAt: Timestamp?

    package init(
        handle: String? = nil,
        owner: [String: String] = [:],
        alternateOwner: [String: String] = [:],
        releasedAt: Timestamp? = nil
    ) {
        self.handle = handle
        self.owner = owner
        self.alternateOwner = alternateOwner
        self.releasedAt = releasedAt
    }
}

/// One address of a block that is held.
package struct Allocation: Hashable, Sendable {
    package let address: Address
    package let attributes: AllocationAttributes
    package let sequenceNumber: UInt64
}

// MARK: - Reading

extension Block {
    package var count: Int { allocations.count }

    /// Nothing is held and nothing cools down.
    package var isEmpty: Bool { allocations.allSatisfy { $0 == Self.free } }

    /// Addresses in use, ascending; what cools down is not among them.
    package var inUse: [Allocation] {
        allocations.indices.compactMap { ordinal in
            guard let attributes = attributes(at: ordinal), attributes.releasedAt == nil,
                let address = cidr.address(at: UInt64(ordinal))
            else { return nil }
            let sequenceNumber = sequenceNumbers[ordinal] ?? 0
            return Allocation(
                address: address,
                attributes: attributes,
                sequenceNumber: sequenceNumber
            )
        }
    }

    /// Released addresses wait to be used again.
    var isCooling: Bool { attributes.contains { $0.releasedAt != nil } }

    package var inUseCount: Int {
        allocations.count { index in
            attributes.indices.contains(index) && attributes[index].releasedAt == nil
        }
    }

    package func allocation(of address: Address) -> Allocation? {
        guard let ordinal = ordinal(of: address), let attributes = attributes(at: ordinal),
            attributes.releasedAt == nil
        else { return nil }
        return Allocation(
            address: address,
            attributes: attributes,
            sequenceNumber: sequenceNumbers[ordinal] ?? 0
        )
    }

    package func addresses(of handle: String) -> [Address] {
        inUse.filter { $0.attributes.handle == handle }.map(\.address)
    }

    /// Addresses that may be handed out, leaving the reserved ones.
    package func freeCount(_ reservations: Reservations) -> Int {
        guard reservations.overlaps(cidr) else { return unallocated.count }
        return unallocated.count { ordinal in
            cidr.address(at: UInt64(ordinal)).map { !reservations.contains($0) } ?? false
        }
    }

    func ordinal(of address: Address) -> Int? {
        cidr.ordinal(of: address).flatMap { Int(exactly: $0) }
    }

    func attributes(at ordinal: Int) -> AllocationAttributes? {
        guard allocations.indices.contains(ordinal),
            attributes.indices.contains(allocations[ordinal])
        else { return nil }
        return attributes[allocations[ordinal]]
    }
}
