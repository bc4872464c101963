package import Model

extension Block {
    /// Takes up to `count` addresses from the head of the queue; reserved ones keep their place in
    /// it.
    package mutating func assign(
        count: Int,
        owner: AllocationAttributes,
        reservations: Reservations
    ) -> [Address] {
        var taken: [Address] = []
        var kept: [Int] = []
        var index = 0
        let checksReservations = reservations.overlaps(cidr)
        while index < unallocated.count, taken.count < count {
            let ordinal = unallocated[index]
            index += 1
            guard let address = cidr.address(at: UInt64(ordinal)) else { continue }
            guard !checksReservations || !reservations.contains(address) else {
                kept.append(ordinal)
                continue
            }
            hold(ordinal, by: owner)
            taken.append(address)
        }
        guard !taken.isEmpty else { return [] }
        unallocated.replaceSubrange(..<index, with: kept)
        return taken
    }

    /// Takes one address, reserved or not.
    package mutating func assign(
        _ address: Address,
        owner: AllocationAttributes
    ) throws(IPAMError) {
        guard let ordinal = ordinal(of: address) else {
            throw .invalid("\(address) is not in block \(cidr)")
        }
        guard allocations[ordinal] == Self.free else { throw .alreadyAssigned(address) }
        hold(ordinal, by: owner)
        unallocated.removeAll { $0 == ordinal }
    }

    /// Puts addresses whose time since release is at least `cooldown` back into the queue.
    package mutating func endCooldown(_ cooldown: Duration, now: Timestamp) {
        let cooled = allocations.indices.filter { ordinal in
            guard let released = attributes(at: ordinal)?.releasedAt else { return false }
            return now.since(released) >= cooldown
        }
        free(cooled)
    }

    private mutating func hold(_ ordinal: Int, by owner: AllocationAttributes) {
        // The last is the likeliest: a request takes several addresses in one go.
        if let index = attributes.lastIndex(of: owner) {
            allocations[ordinal] = index
        } else {
            attributes.append(owner)
            allocations[ordinal] = attributes.count - 1
        }
        sequenceNumbers[ordinal] = sequenceNumber
    }

    /// Clears the ordinals, queues them at the tail in their order, and drops attributes that
    /// nothing refers to any more.
    mutating func free(_ ordinals: [Int]) {
        guard !ordinals.isEmpty else { return }
        for ordinal in ordinals {
            allocations[ordinal] = Self.free
            sequenceNumbers[ordinal] = nil
        }
        unallocated += ordinals
        compactAttributes()
    }

    mutating func compactAttributes() {
        let used = Set(allocations)
        guard attributes.indices.contains(where: { !used.contains($0) }) else { return }
        var renumbered: [Int: Int] = [:]
        var kept: [AllocationAttributes] = []
        for index in attributes.indices where used.contains(index) {
            renumbered[index] = kept.count
            kept.append(attributes[index])
        }
        attributes = kept
        for ordinal in allocations.indices {
            allocations[ordinal] = renumbered[allocations[ordinal]] ?? Self.free
        }
    }
}
