internal import Datastore
package import Model
internal import Resources

/// One thing about the stored IPAM data that is not as it should be.
package enum IPAMProblem: Hashable, Sendable {
    /// The handle counts addresses of a block in which it holds none.
    case leakedHandle(String, block: Prefix, counted: Int)
    /// The handle counts too many.
    ///
    /// A request that found less in a block than it asked for does this.
    case handleCountHigh(String, block: Prefix, counted: Int, held: Int)
    /// The handle counts too few: releasing by handle would miss addresses.
    case handleCountLow(String, block: Prefix, counted: Int, held: Int)
    /// Addresses without a handle cannot be released with their pod.
    case noHandle(Address)
    /// The block names an owner that has no affinity object for it.
    case blockWithoutAffinity(Prefix, owner: Affinity)
    /// The affinity's block does not exist.
    case affinityWithoutBlock(Prefix, owner: Affinity)
    /// The affinity's block belongs to somebody else, or to nobody.
    case affinityMismatch(Prefix, owner: Affinity, actual: Affinity?)
    /// A claim or a release stopped half way.
    case affinityUnconfirmed(Prefix, owner: Affinity, state: BlockAffinity.State)
    /// Two blocks overlap: an address might be handed out twice.
    case overlap(Prefix, Prefix)
    case blockWithoutPool(Prefix)
    case blockOfUnknownNode(Prefix, node: String)
    /// The block is nobody's and empty.
    case abandonedBlock(Prefix)
    /// An address of the block is neither free nor held.
    case lostAddresses(Prefix, count: Int)
    case corrupt(String)
}

/// What ``IPAM/check()`` found.
package struct IPAMReport: Hashable, Sendable {
    package internal(set) var problems: [IPAMProblem] = []
    package internal(set) var blocks = 0
    package internal(set) var handles = 0
    package internal(set) var affinities = 0
    package internal(set) var addressesInUse = 0

    /// Nothing stored and nothing wrong.
    package static let empty = Self()
}

extension IPAM {
    /// Looks through all IPAM data.
    ///
    /// Run while nothing is being assigned: a picture taken in the middle of an assignment shows it
    /// as half done.
    package func check() async throws(IPAMError) -> IPAMReport {
        let settings = try await settings()
        var report = IPAMReport()
        let blocks: [Block] = try await readAll(&report).sorted { $0.cidr < $1.cidr }
        let handles: [Handle] = try await readAll(&report).sorted { $0.id < $1.id }
        let affinities: [BlockAffinity] = try await readAll(&report)
        report.blocks = blocks.count
        report.handles = handles.count
        report.affinities = affinities.count
        report.addressesInUse = blocks.reduce(0) { $0 + $1.inUseCount }
        report.checkCounts(blocks, handles)
        report.checkAffinities(blocks, affinities)
        report.checkBlocks(blocks, settings.pools)
        let owners = Set(blocks.compactMap(\.affinity)).filter { $0.kind == .host }
        for owner in owners.sorted(by: { $0.name < $1.name })
        where try await nodeLabels(owner.name, for: []) == nil {
            report.problems += blocks.filter { $0.affinity == owner }.map {
                .blockOfUnknownNode($0.cidr, node: owner.name)
            }
        }
        return report
    }

    private func readAll<Value: IPAMObject>(
        _ report: inout IPAMReport
    ) async throws(IPAMError) -> [Value] {
        let kind = Value.kind
        let items = try await stored { store throws(DatastoreError) in
            try await store.list(.calico(kind), namespace: nil).items
        }
        var result: [Value] = []
        for item in items {
            do throws(IPAMError) {
                result.append(try Stored<Value>(item).value)
            } catch {
                report.problems.append(.corrupt("\(error)"))
            }
        }
        return result
    }
}

extension IPAMReport {
    fileprivate mutating func checkCounts(_ blocks: [Block], _ handles: [Handle]) {
        var held: [String: [Prefix: Int]] = [:]
        for block in blocks {
            for allocation in block.inUse {
                if let handle = allocation.attributes.handle {
                    held[handle, default: [:]][block.cidr, default: 0] += 1
                } else {
                    problems.append(.noHandle(allocation.address))
                }
            }
        }
        for handle in handles {
            for (block, counted) in handle.counts.sorted(by: { $0.key < $1.key }) {
                let actual = held[handle.id]?.removeValue(forKey: block) ?? 0
                switch (counted, actual) {
                case (_, 0):
                    problems.append(.leakedHandle(handle.id, block: block, counted: counted))
                case _ where counted > actual:
                    problems.append(
                        .handleCountHigh(handle.id, block: block, counted: counted, held: actual)
                    )
                case _ where counted < actual:
                    problems.append(
                        .handleCountLow(handle.id, block: block, counted: counted, held: actual)
                    )
                default: break
                }
            }
        }
        for (handle, blocks) in held.sorted(by: { $0.key < $1.key }) {
            for (block, actual) in blocks.sorted(by: { $0.key < $1.key }) {
                problems.append(.handleCountLow(handle, block: block, counted: 0, held: actual))
            }
        }
    }

    fileprivate mutating func checkAffinities(_ blocks: [Block], _ affinities: [BlockAffinity]) {
        let byCIDR = Dictionary(blocks.map { ($0.cidr, $0) }) { first, _ in first }
        for affinity in affinities {
            let (cidr, owner) = (affinity.cidr, affinity.owner)
            if let block = byCIDR[cidr] {
                if block.affinity != owner {
                    problems.append(.affinityMismatch(cidr, owner: owner, actual: block.affinity))
                } else if affinity.state != .confirmed {
                    problems.append(
                        .affinityUnconfirmed(cidr, owner: owner, state: affinity.state)
                    )
                }
            } else {
                problems.append(.affinityWithoutBlock(cidr, owner: owner))
            }
        }
        let claimed = Set(affinities.map { "\($0.owner) \($0.cidr)" })
        for block in blocks {
            guard let owner = block.affinity else { continue }
            if !claimed.contains("\(owner) \(block.cidr)") {
                problems.append(.blockWithoutAffinity(block.cidr, owner: owner))
            }
        }
    }

    fileprivate mutating func checkBlocks(_ blocks: [Block], _ pools: [Pool]) {
        for (previous, block) in zip(blocks, blocks.dropFirst())
        where previous.cidr.overlaps(block.cidr) {
            problems.append(.overlap(previous.cidr, block.cidr))
        }
        for block in blocks {
            if pools.owner(of: block.cidr) == nil { problems.append(.blockWithoutPool(block.cidr)) }
            if block.isEmpty, block.affinity == nil { problems.append(.abandonedBlock(block.cidr)) }
            let free = block.allocations.count { $0 == Block.free }
            if free != block.unallocated.count {
                problems.append(.lostAddresses(block.cidr, count: free - block.unallocated.count))
            }
        }
    }
}
