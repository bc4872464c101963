internal import CBPFABI
internal import Index

/// A program by its place in the table; `nil` is the program that denies all, which has no tables.
typealias ProgramRef = Int32

/// All policy programs, and the partitions of classes that they share.
struct ProgramTable: Sendable {
    struct Entry: Sendable {
        let clauses: [Clause]
        let partition: [Int32]
        let rules: Set<Int32>
        /// Of the clauses, the same in every process.
        let hash: UInt64
        /// Local addresses and directions that use it.
        var users = 0
        /// `nil` until it was prepared.
        var plan: VerdictPlan?
        /// `nil` until its tables were worked out.
        var program: PolicyProgram?
    }

    var entries: [ProgramRef: Entry] = [:]
    var partitions: [[Int32]: RemotePartition] = [:]
    private var fresh: [ProgramRef] = []
    private var refs: [[Clause]: ProgramRef] = [:]
    private var next: ProgramRef = 0
    var ids = StableIDs(first: UInt32(CARA_PROGRAM_FIRST))
    /// Ids of former forms, until nothing in the kernel has them any more.
    var retired: [UInt32] = []
    var freshPartitions: [[Int32]] = []

    func kernelID(_ ref: ProgramRef?) -> UInt32 {
        ref.flatMap { entries[$0]?.program?.id } ?? UInt32(CARA_PROGRAM_DENY_ALL)
    }

    // MARK: Programs

    /// The program of these clauses, made when there is none yet: its matchers are in use from now on.
    mutating func find(
        _ clauses: [Clause],
        _ vocabulary: Vocabulary,
        _ index: inout ClusterIndex
    ) -> ProgramRef {
        if let ref = refs[clauses] { return ref }
        let ref = next
        next += 1
        let remotes = Set(clauses.map { vocabulary.conditions[$0.condition].remote })
            .subtracting([vocabulary.anyRemote]).sorted()
        if partitions[remotes] == nil {
            partitions[remotes] = RemotePartition(remotes, vocabulary, &index)
            freshPartitions.append(remotes)
        }
        partitions[remotes]?.users += 1
        entries[ref] = Entry(
            clauses: clauses,
            partition: remotes,
            rules: Set(clauses.map(\.rule)),
            hash: vocabulary.stableHash(of: clauses)
        )
        refs[clauses] = ref
        fresh.append(ref)
        return ref
    }

    mutating func use(_ ref: ProgramRef?, by change: Int) {
        if let ref { entries[ref]?.users += change }
    }

    /// Programs that came since the last look, with their plans.
    mutating func takeFresh(_ vocabulary: Vocabulary, _ ruleIDs: inout RuleIDs) -> [ProgramRef] {
        for ref in fresh {
            guard let entry = entries[ref] else { continue }
            ruleIDs.retain(entry.rules, vocabulary)
            let rules = ruleIDs
            entries[ref]?.plan = VerdictPlan(
                entry.clauses,
                remotes: entry.partition,
                vocabulary
            ) { rules[$0] }
        }
        defer { fresh = [] }
        return fresh
    }

    /// Works the tables of a program out.
    mutating func build(
        _ ref: ProgramRef,
        _ form: PolicyProgram.Form,
        room: Int
    ) throws(ProgramOverflow) {
        guard let entry = entries[ref], let plan = entry.plan,
            let partition = partitions[entry.partition]
        else { return }
        let id = ids.claim(form.hash(entry.hash))
        do throws(ProgramOverflow) {
            entries[ref]?.program = try PolicyProgram(
                id: id,
                plan: plan,
                form,
                partition,
                room: room
            )
        } catch {
            ids.release(id)
            throw error
        }
    }

    /// An id for a program that is not kept here.
    mutating func claimID(_ hash: UInt64) -> UInt32 { ids.claim(hash) }

    mutating func releaseID(_ id: UInt32) { ids.release(id) }

    /// Programs that nothing uses go, with the partitions that only they used.
    mutating func removeUnused(
        _ index: inout ClusterIndex,
        _ ruleIDs: inout RuleIDs
    ) -> [UInt32] {
        var removed = retired
        for id in retired { ids.release(id) }
        retired = []
        for (ref, entry) in entries where entry.users == 0 {
            entries[ref] = nil
            refs[entry.clauses] = nil
            if let program = entry.program {
                removed.append(program.id)
                ids.release(program.id)
            }
            if entry.plan != nil { ruleIDs.release(entry.rules) }
            partitions[entry.partition]?.users -= 1
            guard let partition = partitions[entry.partition], partition.users == 0 else {
                continue
            }
            for matcher in partition.matchers { index.release(matcher) }
            partitions[entry.partition] = nil
        }
        return removed.sorted()
    }
}
