import CBPFABI
import Compile
import Model
import Testing

@testable import Dataplane

/// What may happen to an entry behind our back.
private enum Damage: CaseIterable {
    case changed, removed, added
}

/// One map, with one of its entries and one that it should not have.
private struct Victim: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let map: MapName
    let damage: @Sendable (MemoryMaps, Damage) throws -> Void
    /// Whose connections must be judged anew.
    let judgedAnew: Set<Address>

    init<K, V>(
        _ table: MapTable<K, V>,
        judgedAnew: Set<Address> = [],
        change: @escaping @Sendable (inout V) -> Void,
        stray: @escaping @Sendable (inout K) -> Void
    ) {
        testDescription = table.name.rawValue
        map = table.name
        self.judgedAnew = judgedAnew
        damage = { maps, damage in
            let entries = try maps.entries(of: table)
            var (key, value) = try #require(entries.min { "\($0.key)" < "\($1.key)" })
            switch damage {
            case .changed:
                change(&value)
                try maps.set([(key, value)], in: table)
            case .removed: try maps.remove([key], from: table)
            case .added:
                stray(&key)
                try maps.set([(key, value)], in: table)
            }
        }
    }
}

@Suite("auditing the maps")
struct AuditTests {
    private static let victims: [Victim] = [
        Victim(
            Maps.verdicts,
            judgedAnew: [.a],
            change: { $0.action ^= 1 },
            stray: { $0.group = 99 }
        ),
        Victim(Maps.groups, judgedAnew: [.a], change: { $0 = 7 }, stray: { $0.class_id = 99 }),
        Victim(
            Maps.ports,
            judgedAnew: [.a],
            change: { $0 = 7 },
            stray: { $0.port = UInt16(81).bigEndian }
        ),
        Victim(
            Maps.programs,
            judgedAnew: [.a],
            change: { $0.default_group = 1 },
            stray: { $0 = 999 }
        ),
        Victim(
            Maps.classes,
            judgedAnew: [.a, .b],
            change: { $0 = 99 },
            stray: { $0.prefixlen = 128 }
        ),
        Victim(
            Maps.endpoints,
            judgedAnew: [.a],
            change: { $0.ingress_program = 1 },
            stray: { $0 = cara_addr(Address(v4: 0x0a00_0063)) }
        ),
        Victim(Maps.ifaces, judgedAnew: [.a], change: { $0.flags = 1 }, stray: { $0 = 99 }),
        Victim(
            Maps.spoof,
            change: { _ in },
            stray: { $0 = cara_spoof_key(ifindex: 12, .v4(0x0a01_0000, 16)) }
        ),
        Victim(
            Maps.locals,
            change: { _ in },
            stray: { $0 = cara_addr(Address(v4: 0xc0a8_0063)) }
        ),
        Victim(Maps.settings, change: { $0.vxlan_port = 1 }, stray: { _ in }),
    ]

    private let maps = MemoryMaps()

    private func reconciler() throws -> Reconciler {
        var reconciler = try Reconciler.withTwoPods(maps)
        var spoofing = Endpoint.podB
        spoofing.allowedSourcePrefixes = [.v4(0x0a02_0000, 16)]
        reconciler.local.register(spoofing)
        try reconciler.apply(Settings())
        try reconciler.apply(localAddresses: [Address(v4: 0xc0a8_0001)])
        _ = try reconciler.apply(.twoPods)
        return reconciler
    }

    /// One pass, slice by slice.
    private func pass(
        _ reconciler: inout Reconciler,
        _ mode: AuditMode = .repair,
        limit: Int = 3
    ) throws -> [AuditFinding] {
        var pass = AuditPass()
        var findings: [AuditFinding] = []
        while pass.passes == 0 { findings += try reconciler.audit(&pass, limit: limit, mode) }
        return findings
    }

    private func generations() throws -> [Address: UInt32] {
        var result: [Address: UInt32] = [:]
        for (address, entry) in try maps.entries(of: Maps.endpoints) {
            result[Address(address)] = try maps.value(of: entry.slot, in: Maps.generations) ?? 0
        }
        return result
    }

    @Test("maps that are as they should be are left alone")
    func clean() throws {
        var reconciler = try reconciler()
        maps.forgetWrites()
        #expect(try pass(&reconciler) == [])
        #expect(try pass(&reconciler, limit: 1) == [])
        #expect(maps.writes == [])
    }

    @Test("every map is looked at, or is named as one that is not")
    func complete() {
        let audited = Set(AuditPass.maps)
        #expect(audited.isDisjoint(with: AuditPass.excluded))
        #expect(audited.union(AuditPass.excluded) == Set(MapName.allCases))
    }

    @Test("an entry that was changed, removed or added is found and put right", arguments: victims)
    fileprivate func repair(_ victim: Victim) throws {
        for damage in Damage.allCases {
            var reconciler = try reconciler()
            let (before, generations) = (maps.settled, try generations())
            try victim.damage(maps, damage)
            guard maps.settled != before else { continue }

            let told = try pass(&reconciler, .report)
            #expect(told.map(\.map) == [victim.map], "\(damage)")
            #expect(maps.settled != before, "a report repairs nothing")

            let findings = try pass(&reconciler)
            #expect(findings == told)
            #expect(maps.settled == before, "\(damage)")
            #expect((findings.first?.expected == nil) == (damage == .added))
            #expect(try pass(&reconciler) == [])

            let moved = try self.generations().filter { generations[$0.key] != $0.value }.keys
            #expect(
                victim.judgedAnew.isSubset(of: moved) || damage == .added,
                "\(damage): \(moved)"
            )
        }
    }

    @Test("what a change writes between two slices is no difference")
    func underWay() throws {
        var reconciler = try reconciler()
        var pass = AuditPass()
        var step = 0
        var other = DataplaneChange()
        other.classes = [.v4(0x0a00_0500, 24): 5]
        var back = DataplaneChange()
        back.classes = [.v4(0x0a00_0500, 24): UInt32?.none]
        while pass.passes == 0 {
            #expect(try reconciler.audit(&pass, limit: 1, .repair) == [])
            _ = try reconciler.apply(step.isMultiple(of: 2) ? other : back)
            step += 1
            // A cluster that never rests does not hold the pass up for ever.
            try #require(step < 200)
        }
    }

    @Test("a pass waits while the last change is not in the kernel")
    func behind() throws {
        var reconciler = try reconciler()
        maps.limits[.verdicts] = maps.count(.verdicts)
        var change = DataplaneChange()
        change.programsAdded = [.allowing([5], id: 200)]
        #expect(throws: DataplaneError.self) { _ = try reconciler.apply(change) }
        var pass = AuditPass()
        #expect(try reconciler.audit(&pass, limit: 100, .repair) == [])
        #expect(pass.step == .endpoints)
    }

    @Test("a finding says which entry, what it is and what it should be")
    func text() throws {
        var reconciler = try reconciler()
        let key = cara_verdict_key(program: 100, group: 1, port_group: 1, sport_group: 0)
        try maps.remove([key], from: Maps.verdicts)
        let finding = try #require(try pass(&reconciler).first)
        #expect(
            "\(finding)" == """
                map cara_verdicts, program 100, group 1, port group 1, source port group 0: \
                missing, should be cara_verdict(rule: 1, log_rule: 0, action: 1, pad: (0, 0, 0))
                """
        )
    }
}
