internal import JSON
package import Model

/// In which blocks addresses are held under one handle, so that they can be released together.
///
/// A count is never less than what the block holds: it is raised before the block is written, by the
/// number of addresses asked for, and lowered after. Calico counts the same way.
package struct Handle: Hashable, Sendable {
    package let id: String
    package internal(set) var counts: [Prefix: Int]

    init(id: String, counts: [Prefix: Int] = [:]) {
        self.id = id
        self.counts = counts
    }

    mutating func raise(_ block: Prefix, by count: Int) {
        counts[block, default: 0] += count
    }

    mutating func lower(_ block: Prefix, by count: Int) {
        let left = (counts[block] ?? 0) - count
        counts[block] = left > 0 ? left : nil
    }
}

extension Handle: IPAMObject {
    static var kind: String { "IPAMHandle" }

    var objectName: String { ObjectName.handle(id) }

    var spec: JSONValue {
        let sorted = counts.sorted { $0.key < $1.key }
        let block = JSONObject(
            sorted.map { (key: $0.key.description, value: .int(Int64($0.value))) }
        )
        return ["handleID": .string(id), "block": .object(block), "deleted": false]
    }

    init(spec: JSONValue) throws(BlockFormatError) {
        guard let id = spec["handleID"]?.string, !id.isEmpty else {
            throw BlockFormatError(reason: "handleID is missing")
        }
        var counts: [Prefix: Int] = [:]
        for (key, value) in spec["block"]?.object?.members ?? [] {
            guard let cidr = Prefix(key), let count = value.int else {
                throw BlockFormatError(reason: "block \(key) is no CIDR with a count")
            }
            counts[cidr] = Int(count)
        }
        self.init(id: id, counts: counts)
    }
}
