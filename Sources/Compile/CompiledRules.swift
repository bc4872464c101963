internal import Model

/// The rules of one policy or profile in one direction for one family, compiled once for all
/// endpoints.
struct CompiledRules: Sendable {
    struct Key: Hashable, Sendable {
        let direction: Direction
        let family: Family

        static let count = 4

        /// 0 to 3.
        var number: Int { (direction == .ingress ? 0 : 2) + (family == .v4 ? 0 : 1) }
    }

    enum Step: Sendable {
        case match(condition: Int32, Action, rule: Int32)
        /// Depends on the local address: compiled anew for each. The rule's position.
        case local(Int)
    }

    var steps: [Step] = []
    /// Whether some step depends on the local address.
    var isLocal = false
}
