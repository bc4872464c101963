internal import Datastore
internal import IPAM

/// What a script can tell from a command's exit status.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    case success = 0
    /// Anything else, or several different failures at once.
    case failure = 1
    case usage = 2
    case notFound = 3
    case conflict = 4
    case invalid = 5
    case unavailable = 6
    case changes = 7

    var meaning: String {
        switch self {
        case .success: "done"
        case .failure: "failed for another reason, or for several"
        case .usage: "the command line is wrong"
        case .notFound: "something named does not exist"
        case .conflict: "it exists already, was changed meanwhile, or is in use"
        case .invalid: "an object is refused as invalid"
        case .unavailable: "the store cannot be used"
        case .changes: "policy preview --exit-code: a verdict would change"
        }
    }

    /// For the end of `--help`.
    static var table: String {
        "EXIT STATUS:\n"
            + allCases.map { "  \($0.rawValue)  \($0.meaning)" }.joined(separator: "\n")
    }
}

/// Why a command ends without success: lines for standard error and the status.
struct CommandFailure: Error, Sendable {
    let lines: [String]
    let status: ExitStatus

    init(_ line: String, _ status: ExitStatus) {
        self.init([line], status)
    }

    init(_ lines: [String], _ status: ExitStatus) {
        self.lines = lines
        self.status = status
    }
}

extension DatastoreError {
    var exitStatus: ExitStatus {
        switch self {
        case .notFound: .notFound
        case .alreadyExists, .conflict: .conflict
        case .invalid: .invalid
        case .unavailable: .unavailable
        case .compacted, .corrupt: .failure
        }
    }
}

extension IPAMError {
    var exitStatus: ExitStatus {
        switch self {
        case .store(let error): error.exitStatus
        case .notFound, .unknownPool: .notFound
        case .alreadyAssigned, .mismatch, .notEmpty, .tooManyConflicts: .conflict
        case .invalid: .invalid
        default: .failure
        }
    }
}
