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

        package init(_ stage: HostStage, _ family: Family) {
            self.stage = stage
            self.family = family
        }

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
            v4: cara_host_programs(programs, .v4),
            v6: cara_host_programs(programs, .v6)
        )
    }
}

extension cara_host_programs {
    fileprivate init(_ programs: HostPrograms, _ family: Family) {
        self.init(
            untracked_ingress: programs[.untrackedIngress, family],
            untracked_egress: programs[.untrackedEgress, family],
            prednat: programs[.preDNAT, family],
            ingress: programs[.ingress, family],
            egress: programs[.egress, family],
            forward_ingress: programs[.forwardIngress, family],
            forward_egress: programs[.forwardEgress, family],
            pad: 0
        )
    }
}
