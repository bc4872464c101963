import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

/// A program in bitmap form of which every clause holds for every packet.
private struct TestBitmap {
    static let id: UInt32 = 99

    /// By place in the order.
    var clauses: [UInt32: cara_clause] = [:]
    var sides = [CARA_BITMAP_REMOTE, CARA_BITMAP_PORT, CARA_BITMAP_SILENT]

    func install(in node: TestNode) throws {
        for (place, clause) in clauses {
            try node.maps.clauses.set(cara_clause_key(program: Self.id, clause: place), to: clause)
        }
        for side in sides { try install(side, in: node) }
        var program = cara_program()
        program.flags = CARA_PROGRAM_BITMAP.rawValue
        try node.maps.programs.set(Self.id, to: program)
        try node.setPolicy(of: .a, egress: Self.id)
    }

    static func key(_ side: cara_bitmap_side, chunk: UInt32 = 0) -> cara_bitmap_key {
        cara_bitmap_key(
            program: id,
            group: 0,
            chunk: UInt16(chunk),
            side: UInt8(side.rawValue),
            pad: 0
        )
    }

    private func install(_ side: cara_bitmap_side, in node: TestNode) throws {
        var chunks: [UInt32: cara_bitmap] = [0: cara_bitmap()]
        var mask: UInt64 = 0
        for (place, clause) in clauses
        where side != CARA_BITMAP_SILENT || clause.kind != CARA_CLAUSE_LOG.rawValue {
            let size = UInt32(CARA_BITMAP_BITS)
            mask |= 1 << UInt64(place / size)
            withUnsafeMutableBytes(of: &chunks[place / size, default: cara_bitmap()].word) {
                $0.withMemoryRebound(to: UInt64.self) {
                    $0[Int(place % size / 64)] |= 1 << UInt64(place % 64)
                }
            }
        }
        chunks[0]?.chunks = mask
        for (chunk, bitmap) in chunks {
            try node.maps.bitmaps.set(Self.key(side, chunk: chunk), to: bitmap)
        }
    }
}

extension cara_clause {
    fileprivate static func clause(
        _ kind: cara_clause_kind,
        _ rule: UInt32 = 1,
        next: UInt32 = 0
    ) -> cara_clause {
        cara_clause(rule: rule, next: next, kind: kind.rawValue)
    }
}

extension Packets {
    /// Programs that find their verdict by ANDing bitmaps; incomplete ones deny.
    @Suite
    struct Bitmaps {
        private static let here = Place.fromWorkload(.a)
        private static let syn = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn)
        private static let last = UInt32(CARA_BITMAP_CLAUSES_MAX) - 1

        private static func with(
            _ clauses: [UInt32: cara_clause],
            _ damage: @escaping @Sendable (TestNode) throws -> Void = { _ in }
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                try TestBitmap(clauses: clauses).install(in: node)
                try damage(node)
            }
        }

        private static func denied(
            _ name: String,
            _ prepare: @escaping @Sendable (TestNode) throws -> Void
        ) -> PacketCase {
            .drop(name, here, syn, CARA_DROP_EGRESS_POLICY, prepare)
        }

        private static func broken(
            _ name: String,
            _ prepare: @escaping @Sendable (TestNode) throws -> Void
        ) -> PacketCase {
            .drop(name, here, syn, CARA_DROP_NO_VERDICT, prepare)
        }

        private static let allow = cara_clause.clause(CARA_CLAUSE_ALLOW)
        private static let deny = cara_clause.clause(CARA_CLAUSE_DENY)
        private static let log = cara_clause.clause(CARA_CLAUSE_LOG)

        static let rows: [PacketCase] = [
            denied("no clause", with([:])),
            .forward("the first clause", here, syn, with([0: allow, 1: deny])),
            denied("an earlier clause", with([63: deny, 64: allow])),
            .forward("the last clause", here, syn, with([last: allow])),
            .forward("of two chunks the first", here, syn, with([1023: allow, 1024: deny])),
            .forward("one that logs before", here, syn, with([5: log, 6: log, 4000: allow])),
            .forward(
                "past what a tier would deny",
                here,
                syn,
                with([0: .clause(CARA_CLAUSE_PASS, next: 2000), 1: deny, 1999: deny, 2000: allow])
            ),
            denied("past everything", with([0: .clause(CARA_CLAUSE_PASS, next: last), 1: allow])),
            denied(
                "past the end",
                with([0: .clause(CARA_CLAUSE_PASS, next: .max), 1: allow])
            ),
            broken("round and round", with([0: .clause(CARA_CLAUSE_PASS, next: 0), 1: allow])),
            broken(
                "a row is missing",
                with([0: allow]) { try $0.maps.bitmaps.delete(TestBitmap.key(CARA_BITMAP_PORT)) }
            ),
            broken(
                "a chunk is missing",
                with([5000: allow]) {
                    try $0.maps.bitmaps.delete(TestBitmap.key(CARA_BITMAP_REMOTE, chunk: 4))
                }
            ),
            broken(
                "a clause is missing",
                with([0: allow]) {
                    try $0.maps.clauses.delete(cara_clause_key(program: TestBitmap.id, clause: 0))
                }
            ),
            broken(
                "what does not log is missing",
                with([0: log, 1: allow]) {
                    try $0.maps.bitmaps.delete(TestBitmap.key(CARA_BITMAP_SILENT))
                }
            ),
        ]

        @Test("clauses", arguments: rows)
        func clauses(_ row: PacketCase) throws { try play(row) }
    }
}
