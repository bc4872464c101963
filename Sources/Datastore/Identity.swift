internal import Glibc
internal import JSON
package import Resources

/// What a driver gives an object once, when it is created, and keeps for its whole life.
package struct Identity: Hashable, Sendable {
    package let uid: String
    /// RFC 3339, UTC, whole seconds, as Kubernetes writes it.
    package let creationTimestamp: String

    package init(uid: String, creationTimestamp: String) {
        self.uid = uid
        self.creationTimestamp = creationTimestamp
    }

    /// A random UUID (RFC 9562 version 4) and the time now.
    package static func new() -> Self {
        Self(uid: randomUID(), creationTimestamp: timestamp(of: time(nil)))
    }

    private static func randomUID() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low = generator.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        let digits = Array((hexadecimal(high) + hexadecimal(low)).utf8)
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return groups.map { String(decoding: digits[$0], as: UTF8.self) }.joined(separator: "-")
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func timestamp(of seconds: time_t) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let date = "\(1900 + parts.tm_year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        return "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}

extension Resource {
    /// The object as the store keeps it: what the caller claimed about identity and revision does
    /// not count.
    package func stamped(_ identity: Identity, _ revision: Revision?) -> Resource {
        var result = self
        var metadata = metadata
        metadata["uid"] = .string(identity.uid)
        metadata["creationTimestamp"] = .string(identity.creationTimestamp)
        metadata["resourceVersion"] = revision.map { .string($0.description) }
        result.metadata = metadata
        return result
    }

    /// What the store gave this object.
    package var identity: Identity {
        Identity(uid: uid ?? "", creationTimestamp: creationTimestamp ?? "")
    }

    /// Throws what no driver stores: an object without a kind or a name.
    package func checkStorable() throws(DatastoreError) {
        guard !kind.isEmpty else { throw .invalid(key, "the object has no kind") }
        guard !name.isEmpty else { throw .invalid(key, "the object has no name") }
    }

    /// Throws what cannot be created.
    package func checkCreatable() throws(DatastoreError) {
        try checkStorable()
        guard resourceVersion == nil
        else { throw .invalid(key, "a new object must not have a resourceVersion") }
    }
}
