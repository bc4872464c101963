internal import Model

/// Builds a policy program: tier after tier, then profiles, into one list of clauses.
///
/// A clause whose condition was decided before can never decide and is left out, so ten thousand
/// rules that ask thirty questions are thirty clauses.
struct Flattening {
    private let always: Int32
    private(set) var clauses: [Clause] = []
    /// Decided in every case, wherever the walk goes on.
    private var decided: Set<Int32> = []
    private var logged: Set<Int32> = []
    /// The same, unless an earlier Pass of the tier leads past it.
    private var decidedInTier: Set<Int32> = []
    private var loggedInTier: Set<Int32> = []
    private var passes: [Int] = []
    /// A clause that always holds was added: what follows in the tier is never reached.
    private(set) var isTierClosed = false
    /// Nothing that follows is ever reached.
    private(set) var isClosed = false

    init(always: Int32) {
        self.always = always
    }

    mutating func beginTier() {
        decidedInTier = []
        loggedInTier = []
        passes = []
        isTierClosed = false
    }

    mutating func add(_ condition: Int32, _ action: Action, rule: Int32) {
        guard !isTierClosed, !decided.contains(condition), !decidedInTier.contains(condition)
        else { return }
        switch action {
        case .log:
            guard !logged.contains(condition), loggedInTier.insert(condition).inserted else {
                return
            }
            if passes.isEmpty { logged.insert(condition) }
            clauses.append(Clause(condition: condition, kind: .log, rule: rule))
        case .pass:
            passes.append(clauses.count)
            clauses.append(Clause(condition: condition, kind: .pass, rule: rule))
            decidedInTier.insert(condition)
        case .allow, .deny:
            let kind: Clause.Kind = action == .allow ? .allow : .deny
            clauses.append(Clause(condition: condition, kind: kind, rule: rule))
            decidedInTier.insert(condition)
            if passes.isEmpty { decided.insert(condition) }
        }
        if condition == always, action != .log { isTierClosed = true }
    }

    /// Adds an end that decides nothing.
    mutating func goOn(rule: Int32) {
        clauses.append(Clause(condition: always, kind: .goOn, rule: rule))
        isTierClosed = true
    }

    /// After a tier or the profiles, whose end has been added.
    mutating func endTier() {
        for index in passes { clauses[index].next = Int32(clauses.count) }
        if isTierClosed, passes.isEmpty { isClosed = true }
    }
}
