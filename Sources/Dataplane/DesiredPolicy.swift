import CBPFABI
package import Compile
package import Model

/// All that the policy engine asked for so far: the sum of its changes.
package struct DesiredPolicy: Sendable {
    package private(set) var programs: [UInt32: ProgramTables] = [:]
    package private(set) var classes: [Prefix: UInt32] = [:]
    package private(set) var endpoints: [Address: EndpointPrograms] = [:]
    package private(set) var spoofers: [EndpointID: [Family: UInt32]] = [:]
    package private(set) var stagedSpoofers: [EndpointID: [Family: UInt32]] = [:]
    package private(set) var hosts: [EndpointID: HostPrograms] = [:]

    package init() {}

    /// Adds a change.
    package mutating func merge(_ change: DataplaneChange) {
        for program in change.programsAdded { programs[program.id] = program }
        for addition in change.programsExtended { programs[addition.id]?.extend(by: addition) }
        for (prefix, label) in change.classes { classes[prefix] = label }
        for (address, programs) in change.endpoints { endpoints[address] = programs }
        for (id, programs) in change.spoofers { spoofers[id] = programs }
        for (id, programs) in change.stagedSpoofers { stagedSpoofers[id] = programs }
        for (id, programs) in change.hosts { hosts[id] = programs }
        for (program, classes) in change.groupsRemoved {
            for label in classes { programs[program]?.groups[label] = nil }
        }
        for (program, keys) in change.verdictsRemoved {
            for key in keys { programs[program]?.verdicts[key] = nil }
        }
        for (program, keys) in change.bitmapsRemoved {
            for key in keys { programs[program]?.bitmaps[key] = nil }
        }
        for program in change.programsRemoved { programs[program] = nil }
    }
}

extension DesiredPolicy {
    /// In the order in which a change writes them, see ``ClassChanges``.
    var classEntries: [MapEntry<cara_class_key, UInt32>] {
        ClassChanges(classes.lazy.map { (prefix: $0.key, label: $0.value) })
            .map { (cara_class_key($0.key), $0.value ?? 0) }
    }

    package var programsByForm: [ProgramForm: Int] {
        Dictionary(programs.values.map { ($0.form, 1) }, uniquingKeysWith: +)
    }

    /// How many entries of each policy map are meant to be there.
    package var entries: [MapName: Int] {
        func sum(_ count: (ProgramTables) -> Int) -> Int {
            programs.values.reduce(0) { $0 + count($1) }
        }
        return [
            .programs: programs.count, .classes: classes.count,
            .groups: sum(\.groups.count), .ports: sum(\.ports.count),
            .sourcePorts: sum(\.sourcePorts.count), .verdicts: sum(\.verdicts.count),
            .bitmaps: sum(\.bitmaps.count), .clauses: sum(\.clauses.count),
        ]
    }
}

extension ProgramTables {
    var form: ProgramForm { isBitmap ? .bitmap : .table }

    /// Adds the groups, ports and verdicts of `addition`.
    mutating func extend(by addition: ProgramTables) {
        groups.merge(addition.groups) { $1 }
        ports.merge(addition.ports) { $1 }
        sourcePorts.merge(addition.sourcePorts) { $1 }
        if isSplit { defaultGroup = addition.defaultGroup }
        verdicts.merge(addition.verdicts) { $1 }
        bitmaps.merge(addition.bitmaps) { $1 }
    }
}
