package import Model

/// Policy that does not fit the tables.
///
/// It never opens a hole: what is not compiled is denied, or stays as it was.
package enum CompileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The program is larger than any form of it may be.
    case tooLarge(endpoint: EndpointID, Direction, ProgramOverflow)
    /// The same with staged policies: they are not judged there.
    case stagedNotJudged(endpoint: EndpointID, Direction, ProgramOverflow)
    /// A label class came up for which a program in use has no room: its flows are denied.
    case classDenied(program: UInt32)

    package var description: String {
        switch self {
        case .tooLarge(let endpoint, let direction, let overflow):
            "\(direction.rawValue) policy of \(endpoint) is not in force: \(overflow)"
        case .stagedNotJudged(let endpoint, let direction, let overflow):
            "staged \(direction.rawValue) policy of \(endpoint) is not judged: with it \(overflow)"
        case .classDenied(let program):
            "program \(program) has no room for another group of remotes, which it denies"
        }
    }
}

/// What of a program is too much for the kernel's tables.
package enum ProgramOverflow: Error, Hashable, Sendable, CustomStringConvertible {
    /// Rules that ask different questions.
    case clauses(Int)
    /// Tiers that a packet may leave by Pass.
    case tiers(Int)
    /// Bitmaps of its groups, and how many there is room for.
    case bitmaps(Int, room: Int)
    /// Programs that a host endpoint's near ends choose among.
    case choices(Int)

    package var description: String {
        switch self {
        case .clauses(let count):
            "it has \(count) different rules, the limit is \(PolicyCompiler.clauseLimit)"
        case .tiers(let count):
            "its rules pass out of \(count) tiers, the limit is \(PolicyCompiler.passLimit)"
        case .bitmaps(let count, let room):
            "it needs \(count) bitmaps, there is room for \(room)"
        case .choices(let count):
            "its rules ask so much of the near end that it takes \(count) programs"
        }
    }
}
