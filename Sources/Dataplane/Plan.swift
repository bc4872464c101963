import CBPFABI
import Compile

/// Writes that bring the kernel to what is desired, in an order that never opens a hole.
///
/// Each phase is whole before the next begins. Up to `endpoints` nothing that a packet meets gets
/// another meaning except classes, whose groups are there by then; what is taken out goes last.
struct Plan {
    /// In the order in which they are carried out.
    enum Phase: Int, CaseIterable {
        /// Left-overs of a change that failed: gone first, because they may take the room.
        case garbage
        case programs
        case extensions
        /// Another form of the same program, before classes move that only it may know.
        case reforms
        case classes
        case endpoints
        case revocation
        case removals
    }

    var garbage = ProgramEntries()
    var programs = ProgramEntries()
    var extensions = ProgramEntries()
    /// From programs to their other forms, which changes no verdict.
    var reforms: EndpointDelta?
    var classes = MapDelta<cara_class_key, UInt32>()
    var endpoints: EndpointDelta
    /// Slots whose connections are judged anew.
    var revokedSlots: Set<UInt32> = []
    var removals = ProgramEntries()

    /// What only concerns local endpoints and their links.
    init(
        from actual: EndpointTables,
        to resolution: LocalEndpoints.Resolution
    ) {
        endpoints = EndpointDelta(from: actual, to: resolution.tables)
        revokedSlots = endpoints.movedSlots
    }

    /// Whether a crash half-way would leave connections that should have been judged anew.
    var needsMark: Bool { !revokedSlots.isEmpty }
}

// MARK: - One change

extension Plan {
    /// A change to a kernel that held all that was desired before it.
    ///
    /// - Parameters:
    ///   - change: what the policy engine asks for.
    ///   - going: the tables of programs that the change removes.
    ///   - actual: the endpoint maps as they are once programs have taken their other forms.
    ///   - resolution: the endpoint maps as they should be.
    init(
        _ change: DataplaneChange,
        going: [ProgramTables],
        actual: EndpointTables,
        resolution: LocalEndpoints.Resolution
    ) {
        self.init(from: actual, to: resolution)
        for tables in change.programsAdded { programs.set(tables, withRecord: true) }
        for tables in change.programsExtended { extensions.set(tables, withRecord: tables.isSplit) }
        for (prefix, label) in change.classes {
            let key = cara_class_key(prefix)
            if let label {
                classes.writes.append((key, label))
            } else {
                classes.removals.append(key)
            }
        }
        revokedSlots.formUnion(resolution.tables.slots(under: change.revoked))
        let kept = resolution.tables.programs
        for (program, labels) in change.groupsRemoved {
            removals.groups.removals += labels.map {
                cara_group_key(program: program, class_id: $0)
            }
        }
        for (program, keys) in change.bitmapsRemoved {
            removals.bitmaps.removals += keys.map { cara_bitmap_key(program: program, $0) }
        }
        for (program, keys) in change.verdictsRemoved {
            removals.verdicts.removals += keys.map { cara_verdict_key(program: program, $0) }
        }
        // One that comes only to bridge over to another goes in the same change.
        let removed = Set(change.programsRemoved)
        let bridges = change.programsAdded.filter { removed.contains($0.id) }
        for tables in going + bridges where !kept.contains(tables.id) { removals.remove(tables) }
    }
}
