/// What a rule id of the kernel's tables stands for, and what a trace names.
package struct RuleName: Hashable, Sendable {
    package enum Owner: Hashable, Sendable {
        case policy(PolicyID)
        case profile(String)
        /// The end of a tier that applied and decided nothing.
        case endOfTier
        /// No tier and no profile decided.
        case noMatch
    }

    /// Empty for profiles and for no match.
    package var tier: String
    package var owner: Owner
    package var direction: Direction
    /// Position in the policy's list for the direction; -1 for an end of tier and for no match.
    package var index: Int

    package init(tier: String, owner: Owner, direction: Direction, index: Int) {
        self.tier = tier
        self.owner = owner
        self.direction = direction
        self.index = index
    }
}
