import BPF
import BPFSupport
import CBPFABI

/// Programs of 10,000 rules in bitmap form, which allow by one of the last.
enum BenchBitmaps {
    /// Two rules hold for the remote end, all for the port.
    static let usual: UInt32 = 18
    /// Every other rule holds for the remote end and the rest for the port: each chunk is looked into.
    static let worst: UInt32 = 19

    private static let count = 10_000

    static func install(in maps: TestMaps) throws {
        try install(usual, in: maps, remote: { $0 == 9000 || $0 == count - 1 }, port: { _ in true })
        let last = count - 1
        try install(
            worst,
            in: maps,
            remote: { $0 % 2 == 0 || $0 == last },
            port: { $0 % 2 == 1 }
        )
    }

    private static func install(
        _ program: UInt32,
        in maps: TestMaps,
        remote: (Int) -> Bool,
        port: (Int) -> Bool
    ) throws {
        let first = (0..<count).first { remote($0) && port($0) && $0 > count / 2 } ?? count - 1
        let isBefore = { (clause: Int) in clause < first }
        try install(program, CARA_BITMAP_REMOTE, in: maps, remote)
        try install(program, CARA_BITMAP_PORT, in: maps) {
            port($0) && !(isBefore($0) && remote($0))
        }
        let allow = cara_clause(rule: 1, next: 0, kind: CARA_CLAUSE_ALLOW.rawValue)
        try maps.clauses.set(cara_clause_key(program: program, clause: UInt32(first)), to: allow)
        var record = cara_program()
        record.flags = CARA_PROGRAM_BITMAP.rawValue
        try maps.programs.set(program, to: record)
    }

    private static func install(
        _ program: UInt32,
        _ side: cara_bitmap_side,
        in maps: TestMaps,
        _ holds: (Int) -> Bool
    ) throws {
        let size = Int(CARA_BITMAP_BITS)
        var chunks = [cara_bitmap](repeating: cara_bitmap(), count: (count + size - 1) / size)
        var mask: UInt64 = 0
        for clause in 0..<count where holds(clause) {
            mask |= 1 << UInt64(clause / size)
            withUnsafeMutableBytes(of: &chunks[clause / size].word) {
                $0.withMemoryRebound(to: UInt64.self) {
                    $0[clause % size / 64] |= 1 << UInt64(clause % 64)
                }
            }
        }
        chunks[0].chunks = mask
        for (chunk, bitmap) in chunks.enumerated() {
            let key = cara_bitmap_key(
                program: program,
                group: 0,
                chunk: UInt16(chunk),
                side: UInt8(side.rawValue),
                pad: 0
            )
            try maps.bitmaps.set(key, to: bitmap)
        }
    }
}
