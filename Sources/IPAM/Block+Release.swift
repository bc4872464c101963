package import Model

/// An address to give back, with what its holder is believed to be.
package struct Release: Hashable, Sendable {
    package var address: Address
    /// Refuse when another handle holds it.
    package var handle: String?
    /// Refuse when it was assigned anew since.
    package var sequenceNumber: UInt64?

    package init(_ address: Address, handle: String? = nil, sequenceNumber: UInt64? = nil) {
        self.address = address
        self.handle = handle
        self.sequenceNumber = sequenceNumber
    }
}

/// What giving back did to one block.
package struct Released: Hashable, Sendable {
    package var addresses: [Address] = []
    /// Asked for, and not allocated.
    package var notAllocated: [Address] = []
    /// How many addresses each handle held.
    package var counts: [String: Int] = [:]
}

extension Block {
    /// Gives addresses back.
    ///
    /// Any mismatch refuses the whole request, so that a caller with an old picture takes nothing
    /// from the new holder.
    package mutating func release(
        _ releases: [Release],
        cooldown: Duration,
        now: Timestamp
    ) throws(IPAMError) -> Released {
        var result = Released()
        var ordinals: [Int] = []
        var seen: Set<Address> = []
        for release in releases where seen.insert(release.address).inserted {
            guard let ordinal = ordinal(of: release.address) else {
                throw .invalid("\(release.address) is not in block \(cidr)")
            }
            try check(release, at: ordinal)
            guard let attributes = attributes(at: ordinal), attributes.releasedAt == nil else {
                result.notAllocated.append(release.address)
                continue
            }
            ordinals.append(ordinal)
            result.addresses.append(release.address)
            if let handle = attributes.handle { result.counts[handle, default: 0] += 1 }
        }
        giveBack(ordinals, cooldown: cooldown, now: now)
        return result
    }

    /// Gives back all that a handle holds here.
    package mutating func release(
        handle: String,
        cooldown: Duration,
        now: Timestamp
    ) -> Released {
        var result = Released()
        let ordinals = allocations.indices.filter { ordinal in
            guard let attributes = attributes(at: ordinal) else { return false }
            return attributes.handle == handle && attributes.releasedAt == nil
        }
        guard !ordinals.isEmpty else { return result }
        result.addresses = ordinals.compactMap { cidr.address(at: UInt64($0)) }
        result.counts[handle] = ordinals.count
        giveBack(ordinals, cooldown: cooldown, now: now)
        return result
    }

    private func check(_ release: Release, at ordinal: Int) throws(IPAMError) {
        if let expected = release.sequenceNumber {
            let actual = sequenceNumbers[ordinal] ?? 0
            guard actual == expected else {
                throw .mismatch(
                    release.address,
                    expected: "sequence \(expected)",
                    actual: "sequence \(actual)"
                )
            }
        }
        guard let expected = release.handle, let attributes = attributes(at: ordinal),
            attributes.releasedAt == nil, attributes.handle != expected
        else { return }
        throw .mismatch(
            release.address,
            expected: "handle \(expected)",
            actual: attributes.handle.map { "handle \($0)" } ?? "no handle"
        )
    }

    private mutating func giveBack(_ ordinals: [Int], cooldown: Duration, now: Timestamp) {
        guard cooldown > .zero else { return free(ordinals) }
        guard !ordinals.isEmpty else { return }
        // To the second, as it will be read back from the store.
        let cooling = AllocationAttributes(
            releasedAt: Timestamp(seconds: now.nanoseconds / 1_000_000_000)
        )
        let index = attributes.firstIndex(of: cooling) ?? attributes.count
        if index == attributes.count { attributes.append(cooling) }
        for ordinal in ordinals {
            allocations[ordinal] = index
            sequenceNumbers[ordinal] = nil
        }
        compactAttributes()
    }
}
