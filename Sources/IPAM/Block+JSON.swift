package import JSON
internal import Model

extension Block {
    /// The spec of an IPAMBlock.
    package var spec: JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("cidr", .string(cidr.description)),
            ("allocations", .array(allocations.map { $0 == Self.free ? .null : .int(Int64($0)) })),
            ("unallocated", .array(unallocated.map { .int(Int64($0)) })),
            ("attributes", .array(attributes.map(\.json))),
            ("sequenceNumber", .int(Int64(clamping: sequenceNumber))),
            ("sequenceNumberForAllocation", numbersByOrdinal),
            ("deleted", false),
            ("strictAffinity", false),
        ]
        if let claimTime {
            members.insert(("affinityClaimTime", .string(claimTime.description)), at: 1)
        }
        if let affinity { members.insert(("affinity", .string(affinity.description)), at: 1) }
        return .object(JSONObject(members))
    }

    private var numbersByOrdinal: JSONValue {
        let sorted = sequenceNumbers.sorted { $0.key < $1.key }
        return .object(
            JSONObject(sorted.map { (key: String($0.key), value: .int(Int64(clamping: $0.value))) })
        )
    }

    /// Reads the spec of an IPAMBlock; the reason when it contradicts itself.
    package init(spec: JSONValue) throws(BlockFormatError) {
        guard let text = spec["cidr"]?.string, let cidr = Prefix(text), cidr.count <= 1 << 16 else {
            throw BlockFormatError(reason: "cidr is missing or no block")
        }
        let attributes = (spec["attributes"]?.array ?? []).map(AllocationAttributes.init(json:))
        let allocations = try Self.allocations(spec, cidr, attributes.count)
        let unallocated = (spec["unallocated"]?.array ?? []).compactMap { $0.int.map(Int.init) }
        guard Set(unallocated).count == unallocated.count,
            unallocated.allSatisfy({ allocations.indices.contains($0) && allocations[$0] == -1 })
        else { throw BlockFormatError(reason: "unallocated disagrees with allocations") }
        var numbers: [Int: UInt64] = [:]
        for (key, value) in spec["sequenceNumberForAllocation"]?.object?.members ?? [] {
            guard let ordinal = Int(key), let number = value.int else { continue }
            numbers[ordinal] = UInt64(bitPattern: number)
        }
        self.init(
            cidr: cidr,
            affinity: spec["affinity"]?.string.flatMap(Affinity.init),
            claimTime: spec["affinityClaimTime"]?.string.flatMap(Timestamp.init),
            allocations: allocations,
            unallocated: unallocated,
            attributes: attributes,
            sequenceNumber: UInt64(clamping: spec["sequenceNumber"]?.int ?? 0),
            sequenceNumbers: numbers
        )
    }

    private static func allocations(
        _ spec: JSONValue,
        _ cidr: Prefix,
        _ attributeCount: Int
    ) throws(BlockFormatError) -> [Int] {
        let elements = spec["allocations"]?.array ?? []
        guard elements.count == Int(clamping: cidr.count) else {
            throw BlockFormatError(reason: "\(elements.count) allocations in \(cidr)")
        }
        var allocations: [Int] = []
        allocations.reserveCapacity(elements.count)
        for element in elements {
            guard let index = element.int else {
                allocations.append(free)
                continue
            }
            guard (0..<Int64(attributeCount)).contains(index) else {
                throw BlockFormatError(reason: "allocation refers to attribute \(index)")
            }
            allocations.append(Int(index))
        }
        return allocations
    }
}

/// Why an object of the store is no block.
package struct BlockFormatError: Error, Hashable {
    package let reason: String
}

extension AllocationAttributes {
    // `handle_id` and `secondary` are Calico's names of old; v3 keeps them.
    fileprivate var json: JSONValue {
        var object = JSONObject()
        if let handle { object["handle_id"] = .string(handle) }
        if !owner.isEmpty { object["secondary"] = Self.json(owner) }
        if !alternateOwner.isEmpty { object["alternateOwnerAttrs"] = Self.json(alternateOwner) }
        if let releasedAt { object["releasedAt"] = .string(releasedAt.description) }
        return .object(object)
    }

    fileprivate init(json: JSONValue) {
        self.init(
            handle: json["handle_id"]?.string,
            owner: Self.strings(json["secondary"]),
            alternateOwner: Self.strings(json["alternateOwnerAttrs"]),
            releasedAt: json["releasedAt"]?.string.flatMap(Timestamp.init)
        )
    }

    private static func json(_ strings: [String: String]) -> JSONValue {
        let sorted = strings.sorted { $0.key < $1.key }
        return .object(JSONObject(sorted.map { (key: $0.key, value: .string($0.value)) }))
    }

    private static func strings(_ value: JSONValue?) -> [String: String] {
        var result: [String: String] = [:]
        for (key, value) in value?.object?.members ?? [] { result[key] = value.string }
        return result
    }
}
