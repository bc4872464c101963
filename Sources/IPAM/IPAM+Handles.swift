package import Model

extension IPAM {
    /// Counts addresses of a block to a handle, before the block is written.
    func raise(_ handle: String, _ block: Prefix, by count: Int) async throws(IPAMError) {
        for attempt in 0..<Self.retries {
            do throws(IPAMError) {
                // Most handles are new: try to create first, which saves a read.
                if attempt == 0 {
                    _ = try await create(Handle(id: handle, counts: [block: count]))
                    return
                }
                guard var stored = try await stored(handle) else {
                    _ = try await create(Handle(id: handle, counts: [block: count]))
                    return
                }
                stored.value.raise(block, by: count)
                _ = try await update(stored)
                return
            } catch  where error.isConflict {
                continue
            }
        }
        throw .tooManyConflicts("handle \(handle)")
    }

    /// Takes addresses of a block off a handle's count, after the block is written.
    ///
    /// A handle without counts is deleted.
    func lower(_ handle: String, _ block: Prefix, by count: Int) async throws(IPAMError) {
        for _ in 0..<Self.retries {
            guard var stored = try await stored(handle) else { return }
            stored.value.lower(block, by: count)
            do throws(IPAMError) {
                if stored.value.counts.isEmpty {
                    try await delete(stored)
                } else {
                    _ = try await update(stored)
                }
                return
            } catch  where error.isConflict {
                continue
            }
        }
        throw .tooManyConflicts("handle \(handle)")
    }

    func stored(_ handle: String) async throws(IPAMError) -> Stored<Handle>? {
        try await get(ObjectName.handle(handle))
    }

    /// Addresses held under a handle, ascending; `.notFound` when there is no such handle.
    package func addresses(of handle: String) async throws(IPAMError) -> [Address] {
        guard let stored = try await stored(handle) else { throw .notFound("handle \(handle)") }
        var result: [Address] = []
        for cidr in stored.value.counts.keys.sorted() {
            guard let block = try await read(cidr) else { continue }
            result += block.value.addresses(of: handle)
        }
        return result.sorted()
    }
}
