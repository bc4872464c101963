package import Model

/// Policy that does not fit the tables.
///
/// It never opens a hole: what is not compiled is denied, or stays as it was.
package enum CompileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The program would need more verdicts than one program may have.
    case tooManyVerdicts(endpoint: EndpointID, Direction, count: Int, limit: Int)
    /// A label class came up for which a program in use has no room: its flows are denied.
    case classDenied(program: UInt32, limit: Int)

    package var description: String {
        switch self {
        case .tooManyVerdicts(let endpoint, let direction, let count, let limit):
            "\(direction.rawValue) policy of \(endpoint) needs \(count) verdicts, the limit is \(limit)"
        case .classDenied(let program, let limit):
            "program \(program) has no room for another group of remotes, the limit is \(limit) verdicts"
        }
    }
}
