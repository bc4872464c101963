package import Model

/// The look-ups that a first packet makes in the kernel's maps, and what comes of them.
package struct KernelTrace: Hashable, Sendable {
    /// One look-up, in the words of the map's key and value.
    package struct Step: Hashable, Sendable {
        package let map: MapName
        package let key: String
        /// `nil` when there is no such entry.
        package let value: String?
    }

    /// The local end's policy program.
    package let program: UInt32
    package let steps: [Step]
    package let isAllowed: Bool
    /// Nothing decides: a host endpoint's next stage is asked.
    var goesOn = false
    /// What decides, in words, where no rule does.
    package let reason: String?
    package let rule: RuleName?
    package let logRule: RuleName?
}
