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

    private let portRegions: RegionGroups
    private let sourceRegions: RegionGroups

    /// Verdicts for each remote group.
    var cells: Int { ports.groups.count * sourceCount }

    /// Cells of each port group.
    var sourceCount: Int { sourcePorts?.groups.count ?? 1 }

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
        portRegions = RegionGroups(ports, self.ports)
        sourceRegions = RegionGroups(sources, sourcePorts)
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
        unconditional.setIntersection(
            always,
            portRegions.unconditional,
            sourceRegions.unconditional
        )
        let otherwise = verdict(unconditional)
        if !otherwise.isAllowed, !otherwise.goesOn, otherwise.logRule == 0 { denial = otherwise }
    }

    /// The verdicts of a signature in the order of cells: source port groups within port groups.
    ///
    /// The plan's denial is left out. Where no clause that asks for ports holds, all cells say the same; when that is the plan's denial,
    /// only the others are worked out.
    func row(_ positions: [Int]) -> VerdictRow {
        let remote = bits(ofRemote: positions)
        var holding = BitSet(capacity: clauses.count)
        holding.setIntersection(remote, portRegions.unconditional, sourceRegions.unconditional)
        let isSparse = denial != nil && verdict(holding) == denial
        var row: VerdictRow = []
        for cell in isSparse ? cells(of: remote) : Array(0..<cells) {
            let (port, source) = cell.quotientAndRemainder(dividingBy: sourceCount)
            let sourceBits = sourcePorts == nil ? nil : bySourcePortGroup[source]
            holding.setIntersection(remote, byPortGroup[port], sourceBits)
            let verdict = verdict(holding)
            if verdict != denial { row.append(VerdictCell(index: cell, verdict: verdict)) }
        }
        return row
    }

    /// In order, the cells for which a clause of these holds that asks for ports of either side.
    private func cells(of remote: BitSet) -> [Int] {
        var found = BitSet(capacity: cells)
        remote.forEach { clause in
            let port = portRegions.ofClause[clause]
            let source = sourceRegions.ofClause[clause]
            guard port != nil || source != nil else { return }
            let sources = source.map { sourceRegions.groups[$0] } ?? Array(0..<sourceCount)
            for group in port.map({ portRegions.groups[$0] }) ?? Array(ports.groups.indices) {
                for source in sources { found.insert(group * sourceCount + source) }
            }
        }
        var cells: [Int] = []
        found.forEach { cells.append($0) }
        return cells
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

/// Which port groups lie in the regions that clauses ask for.
private struct RegionGroups: Sendable {
    /// Each clause's region; `nil` for any port.
    let ofClause: [Int?]
    /// The clauses that hold for any port.
    let unconditional: BitSet
    /// Of each region, by index.
    private(set) var groups: [[Int]]

    init(_ list: RegionList, _ ports: PortGroups?) {
        ofClause = list.ofClause
        unconditional = list.unconditional
        groups = [[Int]](repeating: [], count: list.count)
        for (index, group) in (ports?.groups ?? []).enumerated() {
            group.regions.forEach { groups[$0].append(index) }
        }
    }
}

/// The different regions of a program's clauses.
private struct RegionList {
    private var regions: [PortRegion] = []
    private var hashes: [UInt64] = []
    /// Each clause's region; `nil` for any port.
    private(set) var ofClause: [Int?] = []

    var isEmpty: Bool { regions.isEmpty }
    var count: Int { regions.count }

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
