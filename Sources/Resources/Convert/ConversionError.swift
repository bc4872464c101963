/// Why an object, or a part of it, means nothing to the policy engine.
package struct ConversionError: Error, Hashable, Sendable, CustomStringConvertible {
    package let object: ResourceKey
    /// Path from the root of the object: `spec.ingress[2].source.nets[0]`.
    package let field: String
    package let reason: String

    package init(object: ResourceKey, field: String, reason: String) {
        self.object = object
        self.field = field
        self.reason = reason
    }

    package var description: String { "\(object): \(field): \(reason)" }
}
