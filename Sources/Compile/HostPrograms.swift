package import CBPFABI
package import Model

/// What a host endpoint's policy is asked about (inventory §4.4).
package enum HostStage: String, Hashable, Sendable, CaseIterable {
    /// doNotTrack, before everything else.
    case untrackedIngress
    case untrackedEgress
    /// What comes in, whoever it is for.
    case preDNAT
    /// The node's own traffic.
    case ingress
    case egress
    /// applyOnForward: what only passes through.
    case forwardIngress
    case forwardEgress

    package var direction: Direction {
        switch self {
        case .untrackedIngress, .preDNAT, .ingress, .forwardIngress: .ingress
        case .untrackedEgress, .egress, .forwardEgress: .egress
        }
    }
}

/// The programs of one host endpoint of the node, one for each stage and family.
package struct HostPrograms: Hashable, Sendable {
    package struct Key: Hashable, Sendable {
        package let stage: HostStage
        package let family: Family
        /// What the program would be were staged policies enforced.
        package let isStaged: Bool

        package init(_ stage: HostStage, _ family: Family, isStaged: Bool = false) {
            self.stage = stage
            self.family = family
            self.isStaged = isStaged
        }

        /// Those of the programs in force.
        package static let all = HostStage.allCases.flatMap { stage in
            Family.allCases.map { Key(stage, $0) }
        }
    }

    package private(set) var programs: [Key: UInt32] = [:]

    package init() {}

    /// What is not set denies.
    package subscript(stage: HostStage, family: Family) -> UInt32 {
        get { programs[Key(stage, family)] ?? UInt32(CARA_PROGRAM_DENY_ALL) }
        set { programs[Key(stage, family)] = newValue }
    }

    /// What the program of a stage would be were staged policies enforced; 0 where nothing is staged.
    package subscript(staged stage: HostStage, family: Family) -> UInt32 {
        get { programs[Key(stage, family, isStaged: true)] ?? 0 }
        set { programs[Key(stage, family, isStaged: true)] = newValue }
    }

    package subscript(key: Key) -> UInt32? {
        get { programs[key] }
        set { programs[key] = newValue }
    }

    /// With other programs for those that `ids` names.
    package func reformed(by ids: [UInt32: UInt32]) -> HostPrograms {
        var result = self
        result.programs = programs.mapValues { ids[$0] ?? $0 }
        return result
    }

    /// Every program that a packet may meet.
    package var all: Set<UInt32> { Set(programs.values) }
}

extension cara_host {
    package init(_ programs: HostPrograms) {
        self.init(
            v4: cara_host_programs { programs[$0, .v4] },
            v6: cara_host_programs { programs[$0, .v6] },
            staged_v4: cara_host_programs { programs[staged: $0, .v4] },
            staged_v6: cara_host_programs { programs[staged: $0, .v6] }
        )
    }
}

extension cara_host_programs {
    fileprivate init(_ program: (HostStage) -> UInt32) {
        self.init(
            untracked_ingress: program(.untrackedIngress),
            untracked_egress: program(.untrackedEgress),
            prednat: program(.preDNAT),
            ingress: program(.ingress),
            egress: program(.egress),
            forward_ingress: program(.forwardIngress),
            forward_egress: program(.forwardEgress),
            pad: 0
        )
    }
}
