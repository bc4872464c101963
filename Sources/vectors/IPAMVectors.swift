internal import Datastore
internal import DatastoreMemory
internal import IPAM
internal import JSON
internal import Model
internal import Resources

/// Sequences of IPAM operations over an in-memory store, and what each must give.
///
/// Time stands still: nothing in the cases waits for it.
struct IPAMVectors {
    private let store = MemoryDatastore()
    private let ipam: IPAM
    private let now = Timestamp(seconds: 1_700_000_000)
    private var steps: [Outcome] = []

    /// What one step gave.
    private struct Outcome {
        var addresses4: [Address] = []
        var addresses6: [Address] = []
        var error: String?
        /// Further figures, named as in `expect`.
        var figures: [String: JSONValue] = [:]
    }

    private init() {
        ipam = IPAM(store: store)
    }

    /// Runs a case from an empty store; the differences, empty when it passes.
    static func differences(in testCase: JSONValue) async -> [String] {
        var vectors = IPAMVectors()
        var differences: [String] = []
        for (index, step) in (testCase["steps"]?.array ?? []).enumerated() {
            do {
                let found = try await vectors.run(step)
                differences += found.map { "step \(index): \($0)" }
            } catch {
                differences.append("step \(index): \(error)")
            }
            guard differences.isEmpty else { break }
        }
        return differences
    }

    private mutating func run(_ step: JSONValue) async throws -> [String] {
        let operation = step["do"] ?? .null
        let before = try await blocks()
        var outcome = Outcome()
        do {
            outcome = try await perform(operation)
        } catch let error as IPAMError {
            outcome.error = Self.errorClass(error)
        }
        steps.append(outcome)
        guard let expect = step["expect"] else { return [] }
        let actual = try await figures(of: outcome, operation, before)
        return (expect.object?.members ?? []).compactMap { key, expected in
            let value = actual[key] ?? .null
            return value == expected ? nil : "\(key) is \(value), expected \(expected)"
        }
    }

    private static func errorClass(_ error: IPAMError) -> String {
        switch error {
        case .alreadyAssigned: "already-exists"
        case .notFound: "does-not-exist"
        case .mismatch: "mismatch"
        default: "error"
        }
    }
}

// MARK: - Operations

extension IPAMVectors {
    private func perform(_ operation: JSONValue) async throws -> Outcome {
        let node = operation["node"]?.string ?? ""
        var outcome = Outcome()
        switch operation["op"]?.string {
        case "set_pools":
            try await replace("IPPool", with: (operation["pools"]?.array ?? []).map(Self.pool))
        case "set_reservations":
            let spec: JSONValue = ["reservedCIDRs": operation["cidrs"] ?? []]
            try await replace("IPReservation", with: [("reserved", spec)])
        case "set_node":
            try await setNode(node, operation["labels"] ?? [:])
        case "set_config":
            try await ipam.configure(Self.configuration(operation))
        case "auto_assign":
            outcome = await autoAssign(operation)
        case "assign_ip":
            try await assign(operation)
        case "release_ips":
            let releases = addresses(operation["ips"]).map { Release($0) }
            let left = try await ipam.release(releases, now: now)
            outcome.figures["not_allocated_count"] = .int(Int64(left.count))
        case "release_handle":
            try await ipam.release(handle: operation["handle"]?.string ?? "", now: now)
        case "ips_by_handle":
            outcome.figures["ip_count"] = 0
            do {
                let found = try await ipam.addresses(of: operation["handle"]?.string ?? "")
                outcome.figures["ip_count"] = .int(Int64(found.count))
            } catch {
                outcome.error = Self.errorClass(error)
            }
        case "release_host_affinities":
            let mustBeEmpty = operation["must_be_empty"]?.bool ?? false
            try await ipam.releaseHostAffinities(.host(node), mustBeEmpty: mustBeEmpty)
        case "claim_affinity":
            outcome = await claim(operation, node)
        case "utilization":
            outcome.figures["pools"] = try await utilization()
        default:
            throw VectorError("unknown operation \(operation)")
        }
        return outcome
    }

    private func autoAssign(_ operation: JSONValue) async -> Outcome {
        var request = AssignRequest(
            node: operation["node"]?.string ?? "",
            num4: Int(operation["num4"]?.int ?? 0),
            num6: Int(operation["num6"]?.int ?? 0),
            handle: operation["handle"]?.string
        )
        request.pools4 = (operation["pools4"]?.array ?? []).compactMap(\.string)
        request.pools6 = (operation["pools6"]?.array ?? []).compactMap(\.string)
        request.use = operation["use"]?.string.flatMap(PoolUse.init) ?? .workload
        request.maxBlocksPerHost = Int(operation["max_blocks_per_host"]?.int ?? 0)
        for (key, value) in operation["namespace"]?["labels"]?.object?.members ?? [] {
            request.namespaceLabels[key] = value.string
        }
        let assignment = await ipam.autoAssign(request, now: now)
        return Outcome(
            addresses4: assignment.addresses4,
            addresses6: assignment.addresses6,
            error: assignment.failure.map(Self.errorClass),
            figures: [
                "count4": .int(Int64(assignment.addresses4.count)),
                "count6": .int(Int64(assignment.addresses6.count)),
            ]
        )
    }

    private func assign(_ operation: JSONValue) async throws {
        guard let address = addresses(.array([operation["ip"] ?? .null])).first else {
            throw VectorError("no address in \(operation)")
        }
        var request = AddressRequest(
            address,
            node: operation["node"]?.string ?? "",
            handle: operation["handle"]?.string
        )
        request.use = operation["use"]?.string.flatMap(PoolUse.init)
        try await ipam.assign(request, now: now)
    }

    private func claim(_ operation: JSONValue, _ node: String) async -> Outcome {
        var claims = Claims()
        var outcome = Outcome()
        do {
            guard let cidr = operation["cidr"]?.string.flatMap({ Prefix($0) }) else {
                throw IPAMError.invalid("no CIDR")
            }
            claims = try await ipam.claimAffinity(cidr, node: node, now: now)
        } catch {
            outcome.error = "error"
        }
        outcome.figures["claimed"] = .int(Int64(claims.claimed.count))
        outcome.figures["failed"] = .int(Int64(claims.failed.count))
        return outcome
    }

    /// Addresses as text, or as `$N.ips4[i]` for what an earlier step returned.
    private func addresses(_ value: JSONValue?) -> [Address] {
        (value?.array ?? []).compactMap { element in
            guard let text = element.string, text.hasPrefix("$") else {
                return element.string.flatMap { Address($0) }
            }
            let parts = text.dropFirst().split { ".[]".contains($0) }
            guard parts.count == 3, let step = Int(parts[0]), let index = Int(parts[2]),
                steps.indices.contains(step)
            else { return nil }
            let list = parts[1] == "ips4" ? steps[step].addresses4 : steps[step].addresses6
            return list.indices.contains(index) ? list[index] : nil
        }
    }
}

// MARK: - The store

extension IPAMVectors {
    private static func pool(_ pool: JSONValue) -> (name: String, spec: JSONValue) {
        let fields = [
            ("cidr", "cidr"), ("block_size", "blockSize"), ("disabled", "disabled"),
            ("node_selector", "nodeSelector"), ("namespace_selector", "namespaceSelector"),
            ("allowed_uses", "allowedUses"), ("assignment_mode", "assignmentMode"),
        ]
        var spec = JSONValue.object([:])
        for (from, to) in fields where pool[from] != nil { spec[to] = pool[from] }
        return (pool["name"]?.string ?? "", spec)
    }

    private static func configuration(_ operation: JSONValue) -> IPAMConfiguration {
        var configuration = IPAMConfiguration()
        configuration.strictAffinity = operation["strict_affinity"]?.bool ?? false
        configuration.maxBlocksPerHost = Int(operation["max_blocks_per_host"]?.int ?? 0)
        configuration.autoAllocateBlocks = operation["auto_allocate_blocks"]?.bool ?? true
        configuration.cooldown = .seconds(operation["ip_cooldown_seconds"]?.int ?? 0)
        return configuration
    }

    private func replace(_ kind: String, with items: [(name: String, spec: JSONValue)]) async throws
    {
        for item in try await store.list(.calico(kind), namespace: nil).items {
            _ = try await store.delete(item.key, ifRevision: nil)
        }
        for (name, spec) in items {
            let resource = Resource(.calico(kind), version: "v3", name: name, spec: spec)
            _ = try await store.create(resource)
        }
    }

    private func setNode(_ node: String, _ labels: JSONValue) async throws {
        var resource = Resource(.calico("Node"), version: "v3", name: node, spec: [:])
        resource.metadata["labels"] = labels
        if try await store.get(resource.key) == nil {
            _ = try await store.create(resource)
        } else {
            _ = try await store.update(resource)
        }
    }

    private func blocks() async throws -> [Block] {
        let items = try await store.list(.calico("IPAMBlock"), namespace: nil).items
        return try items.map { try Block(spec: $0.spec) }
    }
}

// MARK: - Figures

extension IPAMVectors {
    private func figures(
        of outcome: Outcome,
        _ operation: JSONValue,
        _ before: [Block]
    ) async throws -> [String: JSONValue] {
        var figures = outcome.figures
        let after = try await blocks()
        let owner = Affinity.host(operation["node"]?.string ?? "")
        let returned = outcome.addresses4 + outcome.addresses6
        let old = Set(before.map(\.cidr))
        let pools = try await store.list(.calico("IPPool"), namespace: nil).items
            .compactMap { $0.spec["cidr"]?.string.flatMap { Prefix($0) } }
        let from = pools.filter { pool in returned.contains { pool.contains($0) } }
        figures["error"] = outcome.error.map { .string($0) } ?? .null
        figures["new_blocks"] = .int(Int64(after.count { !old.contains($0.cidr) }))
        figures["borrowed"] = .int(
            Int64(
                returned.count { address in
                    !after.contains { $0.affinity == owner && $0.cidr.contains(address) }
                }
            )
        )
        figures["from_pools"] = .array(from.map(\.description).sorted().map { .string($0) })
        figures["blocks_by_node"] = Self.blocksByNode(after)
        return figures
    }

    private static func blocksByNode(_ blocks: [Block]) -> JSONValue {
        var result = JSONValue.object([:])
        for (owner, blocks) in Dictionary(grouping: blocks, by: { $0.affinity?.name ?? "(none)" }) {
            var families = JSONValue.object([:])
            for (family, blocks) in Dictionary(grouping: blocks, by: \.cidr.family) {
                let inUse = blocks.reduce(0) { $0 + $1.inUseCount }
                families["v\(family.rawValue)"] = [.int(Int64(blocks.count)), .int(Int64(inUse))]
            }
            result[owner] = families
        }
        return result
    }

    private func utilization() async throws -> JSONValue {
        var result = JSONValue.object([:])
        for pool in try await ipam.utilization() {
            result[pool.cidr.description] = [
                "available": .int(Int64(clamping: pool.available)),
                "blocks": .int(Int64(pool.blocks.count)),
                "capacity": .int(Int64(clamping: pool.capacity)),
                "in_use": .int(Int64(clamping: pool.inUse)),
                "reserved": .int(Int64(clamping: pool.reserved)),
            ]
        }
        return result
    }
}
