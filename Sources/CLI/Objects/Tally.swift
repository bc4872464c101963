internal import Datastore
internal import IPAM
internal import Resources

/// What a command does to objects, as its messages call it.
struct Verb: Hashable, Sendable {
    let infinitive: String
    let past: String

    static let create = Verb(infinitive: "create", past: "created")
    static let apply = Verb(infinitive: "apply", past: "applied")
    static let replace = Verb(infinitive: "replace", past: "replaced")
    static let delete = Verb(infinitive: "delete", past: "deleted")
    static let patch = Verb(infinitive: "patch", past: "patched")
    static let label = Verb(infinitive: "label", past: "labelled")
    static let validate = Verb(infinitive: "validate", past: "validated")
}

/// What became of the objects of one command.
struct Tally: Sendable {
    let verb: Verb
    let isDryRun: Bool
    private var handled: [String: Int] = [:]
    private var failures: [(line: String, status: ExitStatus)] = []

    init(_ verb: Verb, isDryRun: Bool = false) {
        self.verb = verb
        self.isDryRun = isDryRun
    }

    var hasFailures: Bool { !failures.isEmpty }

    mutating func handle(_ kind: String) { handled[kind, default: 0] += 1 }

    mutating func fail(_ line: String, _ status: ExitStatus) {
        failures.append(("Error: " + line, status))
    }

    /// A failure of one object; `origin` for one that came from a file.
    mutating func fail(_ error: any Error, _ key: ResourceKey, _ origin: Origin? = nil) {
        let start = origin.map { "\($0.place): " } ?? ""
        switch error {
        case let error as DatastoreError: fail("\(start)\(error)", error.exitStatus)
        case let error as Refusal: fail("\(start)\(key): \(error.reason)", error.status)
        case let error as PatchError: fail("\(start)\(key): \(error.reason)", .invalid)
        default: fail("\(start)\(key): \(error)", .failure)
        }
    }

    /// Says what was done, in calicoctl's words, then throws what was not.
    func finish(on console: Console) throws(CommandFailure) {
        let total = handled.values.reduce(0, +)
        let what = handled.count == 1 ? handled.keys.first.map { "'\($0)' " } ?? "" : ""
        if total > 0 {
            let end = isDryRun ? " (dry run)" : ""
            console.writeLine("Successfully \(verb.past) \(total) \(what)resource(s)\(end)")
        }
        guard hasFailures else { return }
        let statuses = Set(failures.map(\.status))
        let status = statuses.count == 1 ? statuses.first ?? .failure : .failure
        throw CommandFailure(failures.map(\.line), status)
    }
}

/// Why an object was not written although the store would have taken it.
struct Refusal: Error, Hashable, Sendable {
    let reason: String
    let status: ExitStatus

    init(_ reason: String, _ status: ExitStatus = .invalid) {
        self.reason = reason
        self.status = status
    }

    /// The findings of validation, all in one line.
    init(_ errors: [FieldError]) {
        self.init(errors.map(\.description).joined(separator: "; "))
    }
}
