/// A program's clauses as bits: for a remote signature, a port group and a source port group, the
/// first clause that holds for all three decides.
struct VerdictPlan: Sendable {
    /// What decides, by the rules' ids in the kernel.
    typealias Verdict = ProgramTables.Verdict

    let ports: PortGroups
    /// Without any the verdict does not depend on source ports.
    let sourcePorts: PortGroups?
    let clauses: [Clause]
    /// Of each clause.
    let ruleIDs: [UInt32]
    private let always: BitSet
    private let byPosition: [[Int]]
    /// The clauses that hold for each group.
    let byPortGroup: [BitSet]
    let bySourcePortGroup: [BitSet]
    /// What is said where no clause of some remote or port holds, when that is a denial: a table need not
    /// name it.
    private(set) var denial: Verdict?

    /// Verdicts for each remote group.
    var cells: Int { ports.groups.count * (sourcePorts?.groups.count ?? 1) }

    /// Prepares a program whose partition has `remotes`, by position.
    init(
        _ clauses: [Clause],
        remotes: [Int32],
        _ vocabulary: Vocabulary,
        ruleID: (Int32) -> UInt32
    ) {
        let conditions = clauses.map { vocabulary.conditions[$0.condition] }
        let ports = RegionList(conditions.map(\.ports), vocabulary)
        let sources = RegionList(conditions.map(\.sourcePorts), vocabulary)
        self.clauses = clauses
        ruleIDs = clauses.map { ruleID($0.rule) }
        self.ports = ports.groups(defaultID: nil)
        sourcePorts = sources.isEmpty ? nil : sources.groups(defaultID: 0)
        byPortGroup = ports.clauses(in: self.ports)
        bySourcePortGroup = sourcePorts.map { sources.clauses(in: $0) } ?? []
        var positions: [Int32: Int] = [:]
        for (position, remote) in remotes.enumerated() { positions[remote] = position }
        var always = BitSet(capacity: clauses.count)
        var byPosition = [[Int]](repeating: [], count: remotes.count)
        for (index, condition) in conditions.enumerated() {
            if let position = positions[condition.remote] {
                byPosition[position].append(index)
            } else {
                always.insert(index)
            }
        }
        self.always = always
        self.byPosition = byPosition
        var unconditional = BitSet(capacity: clauses.count)
        unconditional.setIntersection(always, ports.unconditional, sources.unconditional)
        let otherwise = verdict(unconditional)
        if !otherwise.isAllowed, !otherwise.goesOn, otherwise.logRule == 0 { denial = otherwise }
    }

    /// The verdicts of a signature for all port groups, in the order of `cells`: source port groups
    /// within port groups.
    func row(_ positions: [Int]) -> [Verdict] {
        let remote = bits(ofRemote: positions)
        var row: [Verdict] = []
        row.reserveCapacity(cells)
        var holding = BitSet(capacity: clauses.count)
        for portBits in byPortGroup {
            if bySourcePortGroup.isEmpty {
                holding.setIntersection(remote, portBits, nil)
                row.append(verdict(holding))
            }
            for sourceBits in bySourcePortGroup {
                holding.setIntersection(remote, portBits, sourceBits)
                row.append(verdict(holding))
            }
        }
        return row
    }

    /// The clauses that hold for a signature, whatever the ports.
    func bits(ofRemote positions: [Int]) -> BitSet {
        var bits = always
        for position in positions {
            for clause in byPosition[position] { bits.insert(clause) }
        }
        return bits
    }

    private func verdict(_ holding: BitSet) -> Verdict {
        var start = 0
        var logRule: UInt32 = 0
        while let index = holding.first(from: start) {
            let clause = clauses[index]
            switch clause.kind {
            case .allow, .deny:
                let isAllowed = clause.kind == .allow
                return Verdict(isAllowed: isAllowed, rule: ruleIDs[index], logRule: logRule)
            case .log:
                if logRule == 0 { logRule = ruleIDs[index] }
                start = index + 1
            case .pass: start = Int(clause.next)
            case .goOn:
                return Verdict(isAllowed: false, rule: 0, logRule: logRule, goesOn: true)
            }
        }
        return Verdict(isAllowed: false, rule: 0, logRule: logRule)
    }
}

/// The different regions of a program's clauses.
private struct RegionList {
    private var regions: [PortRegion] = []
    private var hashes: [UInt64] = []
    /// Each clause's region; `nil` for any port.
    private var ofClause: [Int?] = []

    var isEmpty: Bool { regions.isEmpty }

    init(_ ids: [Int32], _ vocabulary: Vocabulary) {
        var indexes: [Int32: Int] = [:]
        for id in ids {
            if id == vocabulary.anyPorts {
                ofClause.append(nil)
                continue
            }
            if indexes[id] == nil {
                indexes[id] = regions.count
                regions.append(vocabulary.regions[id])
                hashes.append(vocabulary.regions.stableHash(of: id))
            }
            ofClause.append(indexes[id])
        }
    }

    /// The clauses that hold for any port.
    var unconditional: BitSet {
        var bits = BitSet(capacity: ofClause.count)
        for (clause, region) in ofClause.enumerated() where region == nil { bits.insert(clause) }
        return bits
    }

    func groups(defaultID: UInt32?) -> PortGroups {
        PortGroups(regions, hashes: hashes, defaultID: defaultID)
    }

    /// For each group the clauses that hold for its ports.
    func clauses(in groups: PortGroups) -> [BitSet] {
        var clausesOf = [[Int]](repeating: [], count: regions.count)
        var anyPort = BitSet(capacity: ofClause.count)
        for (clause, region) in ofClause.enumerated() {
            if let region { clausesOf[region].append(clause) } else { anyPort.insert(clause) }
        }
        return groups.groups.map { group in
            var bits = anyPort
            group.regions.forEach { region in
                for clause in clausesOf[region] { bits.insert(clause) }
            }
            return bits
        }
    }
}
