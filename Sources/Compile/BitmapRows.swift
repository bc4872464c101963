internal import CBPFABI
internal import Index

// A program as bitmaps: each group of either side has a row of bits, one for each clause, cut into
// chunks as `bpf/lib/bitmap.h` looks them up.

extension BitSet {
    typealias Chunk = (key: ProgramTables.BitmapKey, value: ProgramTables.Bitmap)

    /// The chunks with bits, and always the first, which names them.
    func chunks(_ side: ProgramTables.BitmapKey.Side, _ group: UInt32) -> [Chunk] {
        let size = Int(CARA_BITMAP_WORDS)
        var mask: UInt64 = 0
        var chunks: [Chunk] = []
        for (number, start) in stride(from: 0, to: max(words.count, 1), by: size).enumerated() {
            var part = Array(words[start..<min(start + size, words.count)])
            part += [UInt64](repeating: 0, count: size - part.count)
            let hasBits = part.contains { $0 != 0 }
            if hasBits { mask |= 1 << UInt64(number) }
            guard hasBits || number == 0 else { continue }
            let key = ProgramTables.BitmapKey(side: side, group: group, chunk: UInt16(number))
            chunks.append((key, ProgramTables.Bitmap(chunks: 0, words: part)))
        }
        chunks[0].value.chunks = mask
        return chunks
    }

    /// How many `chunks` there are.
    var chunkCount: Int {
        let size = Int(CARA_BITMAP_WORDS)
        var count = words.isEmpty ? 1 : 0
        for start in stride(from: 0, to: words.count, by: size) {
            let part = words[start..<min(start + size, words.count)]
            if start == 0 || part.contains(where: { $0 != 0 }) { count += 1 }
        }
        return count
    }

    /// The same in every process for the same clauses.
    var stableHash: UInt64 {
        var hash = StableHash(kind: 62)
        for word in words { hash.combine(word) }
        return hash.value
    }
}

extension VerdictPlan {
    /// All rows but those of remote groups.
    var fixedBitmaps: [ProgramTables.BitmapKey: ProgramTables.Bitmap] {
        var chunks: [BitSet.Chunk] = []
        for (group, bits) in zip(ports.groups, byPortGroup) {
            chunks += bits.chunks(.port, group.id)
        }
        for (group, bits) in zip(sourcePorts?.groups ?? [], bySourcePortGroup) {
            chunks += bits.chunks(.sourcePort, group.id)
        }
        if let silent { chunks += silent.chunks(.silent, 0) }
        return Dictionary(uniqueKeysWithValues: chunks.map { ($0.key, $0.value) })
    }

    /// The clauses that do not log; `nil` when all are such.
    private var silent: BitSet? {
        guard clauses.contains(where: { $0.kind == .log }) else { return nil }
        var bits = BitSet(capacity: clauses.count)
        for (index, clause) in clauses.enumerated() where clause.kind != .log { bits.insert(index) }
        return bits
    }

    var clauseEntries: [UInt32: ProgramTables.ClauseEntry] {
        var entries: [UInt32: ProgramTables.ClauseEntry] = [:]
        for (index, clause) in clauses.enumerated() {
            entries[UInt32(index)] = ProgramTables.ClauseEntry(
                kind: clause.entryKind,
                rule: ruleIDs[index],
                next: UInt32(clause.next)
            )
        }
        return entries
    }

    /// Clauses that one packet can meet at most: one that logs, one Pass out of each tier, the last.
    var steps: Int {
        Set(clauses.filter { $0.kind == .pass }.map(\.next)).count + 2
    }

    /// Why the program cannot take bitmap form, `nil` when it can.
    var overflow: ProgramOverflow? {
        if clauses.count > Int(CARA_BITMAP_CLAUSES_MAX) { return .clauses(clauses.count) }
        return steps > Int(CARA_BITMAP_STEPS) ? .tiers(steps - 2) : nil
    }
}

extension Clause {
    fileprivate var entryKind: ProgramTables.ClauseEntry.Kind {
        switch kind {
        case .deny: .deny
        case .allow: .allow
        case .log: .log
        case .pass: .pass
        case .goOn: .goOn
        }
    }
}
