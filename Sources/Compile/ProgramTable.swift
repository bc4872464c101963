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
        /// Local addresses and directions that use it.
        var users = 0
        /// `nil` until its tables were worked out.
        var program: PolicyProgram?
    }

    private(set) var entries: [ProgramRef: Entry] = [:]
    private(set) var partitions: [[Int32]: RemotePartition] = [:]
    private(set) var fresh: [ProgramRef] = []
    private var refs: [[Clause]: ProgramRef] = [:]
    private var next: ProgramRef = 0
    private var ids = StableIDs(first: UInt32(CARA_PROGRAM_FIRST))

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
            rules: Set(clauses.map(\.rule))
        )
        refs[clauses] = ref
        fresh.append(ref)
        return ref
    }

    private var freshPartitions: [[Int32]] = []

    mutating func use(_ ref: ProgramRef?, by change: Int) {
        if let ref { entries[ref]?.users += change }
    }

    /// Works the tables of a program out.
    mutating func build(
        _ ref: ProgramRef,
        _ vocabulary: Vocabulary,
        _ ruleIDs: inout RuleIDs,
        limit: Int
    ) throws(VerdictOverflow) {
        guard let entry = entries[ref], let partition = partitions[entry.partition] else { return }
        ruleIDs.retain(entry.rules, vocabulary)
        let id = ids.claim(vocabulary.stableHash(of: entry.clauses))
        let rules = ruleIDs
        do throws(VerdictOverflow) {
            let plan = try VerdictPlan(
                entry.clauses,
                remotes: entry.partition,
                vocabulary,
                limit: limit
            ) { rules[$0] }
            entries[ref]?.program = try PolicyProgram(id: id, plan: plan, partition, limit: limit)
        } catch {
            ids.release(id)
            ruleIDs.release(entry.rules)
            throw error
        }
    }

    mutating func takeFresh() -> [ProgramRef] {
        defer { fresh = [] }
        return fresh
    }

    /// Programs that nothing uses go, with the partitions that only they used.
    mutating func removeUnused(
        _ index: inout ClusterIndex,
        _ ruleIDs: inout RuleIDs
    ) -> [UInt32] {
        var removed: [UInt32] = []
        for (ref, entry) in entries where entry.users == 0 {
            entries[ref] = nil
            refs[entry.clauses] = nil
            if let program = entry.program {
                removed.append(program.id)
                ids.release(program.id)
                ruleIDs.release(entry.rules)
            }
            partitions[entry.partition]?.users -= 1
            guard let partition = partitions[entry.partition], partition.users == 0 else {
                continue
            }
            for matcher in partition.matchers { index.release(matcher) }
            partitions[entry.partition] = nil
        }
        return removed.sorted()
    }

    // MARK: Classes

    /// Sorts classes that came into all partitions, and all classes into the new ones.
    mutating func insert(_ gained: [ClassID], _ index: ClusterIndex) {
        for remotes in freshPartitions {
            for label in index.liveClasses {
                partitions[remotes]?.insert(label, index.matchers(of: label))
            }
        }
        freshPartitions = []
        guard !gained.isEmpty else { return }
        for remotes in partitions.keys {
            for label in gained { partitions[remotes]?.insert(label, index.matchers(of: label)) }
        }
    }

    /// What programs that were there before need for classes that came.
    mutating func extend(
        _ gained: [ClassID],
        _ index: ClusterIndex
    ) -> (additions: [ProgramTables], failures: [CompileFailure]) {
        guard !gained.isEmpty else { return ([], []) }
        var additions: [ProgramTables] = []
        var failures: [CompileFailure] = []
        for (ref, entry) in entries {
            guard var program = entry.program, let partition = partitions[entry.partition] else {
                continue
            }
            entries[ref]?.program = nil
            let addition = Self.extend(&program, gained, partition, index, &failures)
            entries[ref]?.program = program
            if let addition { additions.append(addition) }
        }
        return (additions.sorted { $0.id < $1.id }, failures)
    }

    private static func extend(
        _ program: inout PolicyProgram,
        _ gained: [ClassID],
        _ partition: RemotePartition,
        _ index: ClusterIndex,
        _ failures: inout [CompileFailure]
    ) -> ProgramTables? {
        var tables = program.frame
        for label in gained {
            guard let signature = partition.signature(of: label),
                let positions = partition.signatures[signature]?.positions
            else { continue }
            let (group, verdicts) = program.add(signature, positions)
            tables.verdicts.merge(verdicts) { $1 }
            if group != tables.defaultGroup { tables.groups[index.kernelID(of: label)] = group }
            if group == PolicyProgram.deniedGroup {
                failures.append(.classDenied(program: program.id, limit: program.limit))
            }
        }
        return tables.groups.isEmpty && tables.verdicts.isEmpty ? nil : tables
    }

    /// Takes classes that went out of all partitions; the result is what programs need no longer.
    mutating func remove(_ lost: [ClassID], _ index: ClusterIndex) -> Removal {
        var removal = Removal()
        guard !lost.isEmpty else { return removal }
        var goneByPartition: [[Int32]: [Int32]] = [:]
        for (ref, entry) in entries {
            guard let program = entry.program, let partition = partitions[entry.partition] else {
                continue
            }
            _ = ref
            let named = lost.filter { label in
                let signature = partition.signature(of: label)
                return signature.flatMap { program.group(of: $0) } ?? program.defaultGroup
                    != program.defaultGroup
            }
            if !named.isEmpty {
                removal.groups[program.id] = named.map { index.kernelID(of: $0) }.sorted()
            }
        }
        for remotes in partitions.keys {
            for label in lost {
                if let gone = partitions[remotes]?.remove(label) {
                    goneByPartition[remotes, default: []].append(gone)
                }
            }
        }
        for (ref, entry) in entries {
            for signature in goneByPartition[entry.partition] ?? [] {
                guard let keys = entries[ref]?.program?.remove(signature), !keys.isEmpty,
                    let id = entry.program?.id
                else { continue }
                removal.verdicts[id, default: []] += keys
            }
        }
        return removal
    }

    struct Removal {
        var groups: [UInt32: [UInt32]] = [:]
        var verdicts: [UInt32: [ProgramTables.VerdictKey]] = [:]
    }

    /// Programs in which some move leads from one group to another.
    func affected(by moves: Set<ClassUpdate.Move>) -> Set<UInt32> {
        guard !moves.isEmpty else { return [] }
        var affected: Set<UInt32> = []
        for entry in entries.values {
            guard let program = entry.program, let partition = partitions[entry.partition] else {
                continue
            }
            let isAffected = moves.contains { move in
                let from = partition.signature(of: move.from).flatMap { program.group(of: $0) }
                let to = partition.signature(of: move.to).flatMap { program.group(of: $0) }
                return from == nil || to == nil || from != to
            }
            if isAffected { affected.insert(program.id) }
        }
        return affected
    }
}
