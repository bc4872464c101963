/// Why a text is no selector.
package struct SelectorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was expected, or what is wrong.
    package let reason: String
    /// Where, in bytes from 1.
    package let column: Int

    package var description: String { "column \(column): \(reason)" }
}
