extension ProgramTables {
    /// The verdict on groups in bitmap form, as `bpf/lib/bitmap.h` finds it; `nil` when a table is
    /// incomplete.
    package func search(_ key: VerdictKey) -> Verdict? {
        var verdict = Verdict(isAllowed: false, rule: 0, logRule: 0)
        var start = 0
        for _ in 0..<PolicyCompiler.passLimit + 2 {
            var rows = [row(.remote, key.group), row(.port, key.portGroup)]
            if usesSourcePorts { rows.append(row(.sourcePort, key.sourcePortGroup)) }
            if verdict.logRule != 0 { rows.append(row(.silent, 0)) }
            guard !rows.contains(nil) else { return nil }
            let common = rows.compactMap(\.self).reduce(nil) { common, row in
                common.map { zip($0, row).map { $0 & $1 } } ?? row
            }
            guard let clause = Self.first(common ?? [], from: start) else { return verdict }
            guard let entry = clauses[UInt32(clause)] else { return nil }
            switch entry.kind {
            case .log:
                verdict.logRule = entry.rule
                start = clause + 1
            case .pass: start = Int(entry.next)
            case .allow, .deny:
                verdict.isAllowed = entry.kind == .allow
                verdict.rule = entry.rule
                return verdict
            case .goOn:
                verdict.goesOn = true
                return verdict
            }
        }
        return nil
    }

    /// The clauses that hold for all groups, logging ones among them; none when a row is incomplete.
    package func candidates(_ key: VerdictKey) -> [UInt32] {
        var rows = [row(.remote, key.group), row(.port, key.portGroup)]
        if usesSourcePorts { rows.append(row(.sourcePort, key.sourcePortGroup)) }
        let present = rows.compactMap(\.self)
        guard present.count == rows.count, let first = present.first else { return [] }
        let common = present.dropFirst().reduce(first) { zip($0, $1).map { $0 & $1 } }
        return common.enumerated().flatMap { index, word in
            (0..<64).filter { word >> UInt64($0) & 1 != 0 }.map { UInt32(index * 64 + $0) }
        }
    }

    /// All words of a row; `nil` when it is incomplete.
    private func row(_ side: BitmapKey.Side, _ group: UInt32) -> [UInt64]? {
        func chunk(_ number: Int) -> Bitmap? {
            bitmaps[BitmapKey(side: side, group: group, chunk: UInt16(number))]
        }
        guard let first = chunk(0) else { return nil }
        var words = first.words
        // What is beyond the shorter row counts for nothing.
        for number in 1..<max(2, 64 - first.chunks.leadingZeroBitCount) {
            if first.chunks >> UInt64(number) & 1 == 0 {
                words += [UInt64](repeating: 0, count: first.words.count)
            } else if let next = chunk(number) {
                words += next.words
            } else {
                return nil
            }
        }
        return words
    }

    private static func first(_ words: [UInt64], from start: Int) -> Int? {
        for (index, word) in words.enumerated() where index >= start / 64 {
            let rest = index == start / 64 ? word & (~0 << UInt64(start % 64)) : word
            if rest != 0 { return index * 64 + rest.trailingZeroBitCount }
        }
        return nil
    }
}
