internal import Model

/// The rules of one policy or profile in one direction for one family, compiled once for all
/// endpoints.
struct CompiledRules: Sendable {
    struct Key: Hashable, Sendable {
        let direction: Direction
        let family: Family
    }

    typealias Cache = [Key: CompiledRules]

    enum Step: Sendable {
        case match(condition: Int32, Action, rule: Int32)
        /// Depends on the local address: compiled anew for each. The rule's position.
        case local(Int)
    }

    var steps: [Step] = []
}
