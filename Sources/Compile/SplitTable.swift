internal import CBPFABI
internal import Index

/// A program of a host endpoint's stage.
enum HostProgram: Hashable, Sendable {
    /// One of those that have no tables.
    case constant(UInt32)
    case program(ProgramRef)
    case split(SplitTable.Ref)

    static let denyAll = HostProgram.constant(UInt32(CARA_PROGRAM_DENY_ALL))
    /// No policy applies.
    static let none = HostProgram.constant(UInt32(CARA_PROGRAM_NONE))
}

/// Programs that only lead to others: the class of the near end chooses.
///
/// All classes that meet the same conditions on the near end share one program, which is an ordinary
/// one: what its rules ask of the near end is decided. So the kernel asks three look-ups more, whatever
/// the number of rules, and only where some rule asks anything of the near end.
struct SplitTable: Sendable {
    typealias Ref = Int32

    /// More programs than this one split may not lead to.
    static let limit = 4096

    struct Entry: Sendable {
        let recipe: HostRecipe
        let noMatch: Int32
        /// Classes by the conditions on the near end that they meet.
        var partition: RemotePartition
        /// Matchers of all conditions on the far end: what a choice asks is asked already.
        let held: [MatcherID]
        var users = 0
        /// By signature.
        var choices: [Int32: HostProgram] = [:]
        /// `nil` until its tables are known to fit.
        var id: UInt32?
    }

    private(set) var entries: [Ref: Entry] = [:]
    private var refs: [HostRecipe: Ref] = [:]
    private var fresh: [Ref] = []
    private var next: Ref = 0

    /// Choices that came with classes that came.
    struct News: Sendable {
        var fresh: [Ref] = []
        var chosen: Set<Ref> = []
    }

    func kernelID(_ ref: Ref) -> UInt32 { entries[ref]?.id ?? UInt32(CARA_PROGRAM_DENY_ALL) }

    /// The split of this recipe, made when there is none: its matchers are in use from now on.
    mutating func find(
        _ recipe: HostRecipe,
        near: [Int32],
        noMatch: Int32,
        _ vocabulary: Vocabulary,
        _ index: inout ClusterIndex
    ) -> Ref {
        if let ref = refs[recipe] { return ref }
        let ref = next
        next += 1
        entries[ref] = Entry(
            recipe: recipe,
            noMatch: noMatch,
            partition: RemotePartition(near, vocabulary, &index),
            held: Self.hold(recipe, vocabulary, &index)
        )
        refs[recipe] = ref
        fresh.append(ref)
        return ref
    }

    private static func hold(
        _ recipe: HostRecipe,
        _ vocabulary: Vocabulary,
        _ index: inout ClusterIndex
    ) -> [MatcherID] {
        var remotes: Set<Int32> = []
        for case .rule(let condition, _, _, _) in recipe.steps {
            remotes.insert(vocabulary.conditions[condition].remote)
        }
        return remotes.sorted().flatMap { remote in
            let condition = vocabulary.remotes[remote]
            return (condition.required + condition.refused).map { index.acquire($0) }
        }
    }

    mutating func use(_ ref: Ref, by change: Int) {
        entries[ref]?.users += change
    }

    // MARK: Choices

    /// Sorts classes in and finds a program for every answer that is new.
    mutating func choose(
        _ gained: [ClassID],
        _ vocabulary: Vocabulary,
        _ index: inout ClusterIndex,
        _ programs: inout ProgramTable
    ) -> News {
        let news = News(fresh: fresh, chosen: Set(gained.isEmpty ? fresh : Array(entries.keys)))
        fresh = []
        for ref in news.chosen.sorted() {
            let labels = news.fresh.contains(ref) ? index.liveClasses : gained
            for label in labels {
                entries[ref]?.partition.insert(label, index.matchers(of: label))
            }
            choose(for: ref, vocabulary, &index, &programs)
        }
        return news
    }

    private mutating func choose(
        for ref: Ref,
        _ vocabulary: Vocabulary,
        _ index: inout ClusterIndex,
        _ programs: inout ProgramTable
    ) {
        guard var entry = entries[ref] else { return }
        entries[ref] = nil
        for (signature, value) in entry.partition.signatures.sorted(by: { $0.key < $1.key })
        where entry.choices[signature] == nil {
            guard entry.choices.count < Self.limit else {
                entry.choices[signature] = .denyAll
                continue
            }
            let met = Set(value.positions.map { entry.partition.remotes[$0] })
            let clauses = entry.recipe.clauses(met: met, vocabulary, noMatch: entry.noMatch)
            let choice = HostProgram(clauses, entry.noMatch) {
                programs.find($0, vocabulary, &index)
            }
            if case .program(let program) = choice { programs.use(program, by: 1) }
            entry.choices[signature] = choice
        }
        entries[ref] = entry
    }

    /// Takes the place of a choice whose tables do not fit.
    mutating func deny(_ signature: Int32, in ref: Ref, _ programs: inout ProgramTable) {
        if case .program(let program) = entries[ref]?.choices[signature] {
            programs.use(program, by: -1)
        }
        entries[ref]?.choices[signature] = .denyAll
    }

    mutating func setID(_ id: UInt32, of ref: Ref) {
        entries[ref]?.id = id
    }

    // MARK: Removal

    mutating func removeUnused(
        _ index: inout ClusterIndex,
        _ programs: inout ProgramTable
    ) -> [UInt32] {
        var removed: [UInt32] = []
        for (ref, entry) in entries where entry.users == 0 {
            entries[ref] = nil
            refs[entry.recipe] = nil
            for case .program(let program) in entry.choices.values {
                programs.use(program, by: -1)
            }
            if let id = entry.id {
                removed.append(id)
                programs.releaseID(id)
            }
            for matcher in entry.partition.matchers + entry.held { index.release(matcher) }
        }
        return removed.sorted()
    }

    /// Takes classes out; the result is what the kernel's splits need no longer.
    mutating func remove(
        _ lost: [ClassID],
        _ index: ClusterIndex,
        _ programs: inout ProgramTable
    ) -> [UInt32: [UInt32]] {
        var groups: [UInt32: [UInt32]] = [:]
        guard !lost.isEmpty else { return groups }
        for (ref, entry) in entries {
            guard let id = entry.id else { continue }
            let usual = entry.choices[RemotePartition.ofEmptyClass]
            let named = lost.filter { label in
                let signature = entry.partition.signature(of: label)
                return signature.flatMap { entry.choices[$0] } ?? usual != usual
            }
            if !named.isEmpty { groups[id] = named.map { index.kernelID(of: $0) }.sorted() }
            for label in lost {
                guard let gone = entries[ref]?.partition.remove(label) else { continue }
                let choice = entries[ref]?.choices.removeValue(forKey: gone.id)
                if case .program(let program) = choice { programs.use(program, by: -1) }
            }
        }
        return groups
    }
}

extension HostProgram {
    /// A list that only says what no match means has no tables.
    init(_ clauses: [Clause], _ noMatch: Int32, find: ([Clause]) -> ProgramRef) {
        guard clauses.count == 1, clauses[0].rule == noMatch else {
            self = .program(find(clauses))
            return
        }
        switch clauses[0].kind {
        case .allow: self = .constant(UInt32(CARA_PROGRAM_ALLOW_ALL))
        case .goOn: self = .none
        default: self = .denyAll
        }
    }
}
