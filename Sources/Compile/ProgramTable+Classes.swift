internal import Index

// What label classes that come and go change in programs.

extension ProgramTable {
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

    /// What programs that were there before need for classes that came; `room` is for values of
    /// `cara_bitmaps`, and `full` are programs that should have another form and cannot.
    mutating func extend(
        _ gained: [ClassID],
        _ index: ClusterIndex,
        full: Set<ProgramRef>,
        room: Int
    ) -> (additions: [ProgramTables], failures: [CompileFailure]) {
        guard !gained.isEmpty else { return ([], []) }
        var additions: [ProgramTables] = []
        var failures: [CompileFailure] = []
        var room = room
        for (ref, entry) in entries {
            guard var program = entry.program, let partition = partitions[entry.partition] else {
                continue
            }
            entries[ref]?.program = nil
            let former = program.bitmapCount
            let addition = Self.extend(
                &program,
                gained,
                partition,
                index,
                room: full.contains(ref) ? 0 : program.form == .table ? .max : room
            )
            entries[ref]?.program = program
            room -= program.bitmapCount - former
            guard let addition else { continue }
            additions.append(addition)
            if addition.groups.values.contains(PolicyProgram.deniedGroup) {
                failures.append(.classDenied(program: program.id))
            }
        }
        return (additions.sorted { $0.id < $1.id }, failures)
    }

    private static func extend(
        _ program: inout PolicyProgram,
        _ gained: [ClassID],
        _ partition: RemotePartition,
        _ index: ClusterIndex,
        room: Int
    ) -> ProgramTables? {
        var tables = program.frame
        for label in gained {
            guard let signature = partition.signature(of: label),
                let positions = partition.signatures[signature]?.positions
            else { continue }
            let group = program.add(signature, positions, room: room, to: &tables)
            if group != tables.defaultGroup { tables.groups[index.kernelID(of: label)] = group }
        }
        let isEmpty = tables.groups.isEmpty && tables.verdicts.isEmpty && tables.bitmaps.isEmpty
        return isEmpty ? nil : tables
    }

    /// Takes classes that went out of all partitions; the result is what programs need no longer.
    mutating func remove(_ lost: [ClassID], _ index: ClusterIndex) -> Removal {
        var removal = Removal()
        guard !lost.isEmpty else { return removal }
        for entry in entries.values {
            guard let program = entry.program, let partition = partitions[entry.partition] else {
                continue
            }
            let named = lost.filter { label in
                let signature = partition.signature(of: label)
                return signature.flatMap { program.group(of: $0) } ?? program.defaultGroup
                    != program.defaultGroup
            }
            if !named.isEmpty {
                removal.groups[program.id] = named.map { index.kernelID(of: $0) }.sorted()
            }
        }
        var gone: [[Int32]: [RemotePartition.Gone]] = [:]
        for remotes in partitions.keys {
            let signatures = lost.compactMap { partitions[remotes]?.remove($0) }
            if !signatures.isEmpty { gone[remotes] = signatures }
        }
        guard !gone.isEmpty else { return removal }
        for (ref, entry) in entries {
            guard let id = entry.program?.id else { continue }
            for signature in gone[entry.partition] ?? [] {
                guard
                    let parts = entries[ref]?.program?.remove(signature.id, signature.positions)
                else { continue }
                if !parts.verdicts.isEmpty { removal.verdicts[id, default: []] += parts.verdicts }
                if !parts.bitmaps.isEmpty { removal.bitmaps[id, default: []] += parts.bitmaps }
            }
        }
        return removal
    }

    struct Removal {
        /// Kernel ids of classes, by program.
        var groups: [UInt32: [UInt32]] = [:]
        var verdicts: [UInt32: [ProgramTables.VerdictKey]] = [:]
        var bitmaps: [UInt32: [ProgramTables.BitmapKey]] = [:]
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
