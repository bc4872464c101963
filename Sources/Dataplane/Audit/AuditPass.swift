/// How far a comparison of the maps with what they should hold has come.
///
/// A pass goes through all maps once, a slice at a time. That an entry is missing shows by counting:
/// a map of which fewer entries were seen than it should have, while nothing changed, lacks some.
package struct AuditPass {
    /// What is compared in one go, or map by map.
    enum Step: Int, CaseIterable {
        /// The maps of local endpoints, which are small.
        case endpoints
        /// Addresses and settings of the node.
        case node
        case programs, classes, groups, ports, sourcePorts, verdicts, bitmaps, clauses

        var maps: [MapName] {
            switch self {
            case .endpoints: [.endpoints, .ifaces, .spoof, .hosts]
            case .node: [.locals, .settings, .failsafes]
            case .programs: [.programs]
            case .classes: [.classes]
            case .groups: [.groups]
            case .ports: [.ports]
            case .sourcePorts: [.sourcePorts]
            case .verdicts: [.verdicts]
            case .bitmaps: [.bitmaps]
            case .clauses: [.clauses]
            }
        }
    }

    /// Maps that a pass looks at.
    package static let maps = Step.allCases.flatMap(\.maps)

    /// Maps that no pass looks at: generations only ever move on; connections, denials and counters of
    /// rules are the programs'; cells are made anew from the classes by each agent.
    static let excluded: Set<MapName> = [
        .generations, .conns, .denials, .rules, .cells, .depths,
    ]

    private(set) var step = Step.endpoints
    /// Where the next slice of the step's map begins.
    private(set) var cursor: MapCursor?
    /// Entries of the step's map that were seen and should be there.
    private(set) var seen = 0
    /// The changes there had been when the walk over the map began.
    private(set) var since = 0
    /// Walks over the step's map that a change made worthless.
    private(set) var attempts = 0
    /// Entries compared so far, by all passes.
    private(set) var compared = 0
    /// Whole passes so far.
    private(set) var passes = 0

    /// A cluster that never rests: what is missing of this map shows in a quieter pass.
    static let attempts = 3

    /// Begins the map anew when it has changed under the walk.
    mutating func begin(changes: Int) {
        if cursor == nil {
            seen = 0
            since = changes
        }
    }

    mutating func note(compared count: Int) { compared += count }

    mutating func advance(to next: MapCursor, seen count: Int) {
        cursor = next
        seen += count
    }

    /// The end of the step's map; whether its count can be trusted.
    mutating func end(seen count: Int, changes: Int) -> Bool {
        seen += count
        cursor = nil
        return since == changes
    }

    /// Once more, or, after some times, on.
    mutating func again() {
        attempts += 1
        if attempts >= Self.attempts { goOn() }
    }

    mutating func goOn() {
        cursor = nil
        attempts = 0
        let next = Step(rawValue: step.rawValue + 1)
        if next == nil { passes += 1 }
        step = next ?? .endpoints
    }
}
