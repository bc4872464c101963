import CBPFABI
import Compile
import Model

/// Makes the look-ups of `bpf/lib/policy.h` by system calls, and writes each one down.
struct KernelTracer {
    private let maps: any MapStore
    private let name: (UInt32) -> RuleName?
    private var steps: [KernelTrace.Step] = []

    init(_ maps: any MapStore, name: @escaping (UInt32) -> RuleName?) {
        self.maps = maps
        self.name = name
    }

    /// The verdict on a flow's first packet at one of its ends; `nil` when that is not local.
    mutating func trace(
        _ flow: Flow,
        _ direction: Direction
    ) throws(DataplaneError) -> KernelTrace? {
        let isIngress = direction == .ingress
        let local = isIngress ? flow.destination : flow.source
        guard let endpoint = try look(cara_addr(local), in: Maps.endpoints) else { return nil }
        let id = isIngress ? endpoint.ingress_program : endpoint.egress_program
        guard endpoint.flags & CARA_ENDPOINT_READY.rawValue != 0 else {
            return end(id, isAllowed: false, "the endpoint's policy is not live")
        }
        return try judge(flow, remote: isIngress ? flow.source : flow.destination, id)
    }

    /// What one program says.
    mutating func judge(
        _ flow: Flow,
        remote: Address,
        _ id: UInt32
    ) throws(DataplaneError) -> KernelTrace {
        switch id {
        case UInt32(CARA_PROGRAM_ALLOW_ALL): return end(id, isAllowed: true, "it allows all")
        case UInt32(CARA_PROGRAM_DENY_ALL): return end(id, isAllowed: false, "it denies all")
        case UInt32(CARA_PROGRAM_NONE): return end(id, isAllowed: false, nil, goesOn: true)
        default: break
        }
        guard let program = try look(id, in: Maps.programs) else {
            return end(id, isAllowed: false, "there is no such program")
        }
        let key = try groups(of: flow, remote: remote, id, program)
        return try verdict(key, id, program)
    }

    // MARK: Groups

    private mutating func groups(
        of flow: Flow,
        remote: Address,
        _ id: UInt32,
        _ program: cara_program
    ) throws(DataplaneError) -> ProgramTables.VerdictKey {
        let label = try look(cara_class_key(Prefix(remote)), in: Maps.classes) ?? 0
        let group = try look(cara_group_key(program: id, class_id: label), in: Maps.groups)
        let icmp = flow.icmp.map { UInt16($0.type) << 8 | UInt16($0.code ?? 0) }
        let port = flow.protocol.isICMP ? icmp ?? 0 : flow.destinationPort
        func key(_ port: UInt16) -> cara_port_key {
            let prefix = ProgramTables.PortPrefix(
                protocol: flow.protocol.rawValue,
                port: port,
                length: 16
            )
            return cara_port_key(program: id, prefix)
        }
        var sourceGroup: UInt32 = 0
        let portGroup = try look(key(port), in: Maps.ports)
        if program.flags & CARA_PROGRAM_SPORTS.rawValue != 0 {
            sourceGroup = try look(key(flow.sourcePort), in: Maps.sourcePorts) ?? 0
        }
        return ProgramTables.VerdictKey(
            group: group ?? program.default_group,
            portGroup: portGroup ?? program.default_port_group,
            sourcePortGroup: sourceGroup
        )
    }

    // MARK: Verdicts

    private mutating func verdict(
        _ key: ProgramTables.VerdictKey,
        _ id: UInt32,
        _ program: cara_program
    ) throws(DataplaneError) -> KernelTrace {
        let verdict: ProgramTables.Verdict?
        if program.flags & CARA_PROGRAM_BITMAP.rawValue != 0 {
            verdict = try search(key, id, program)
        } else {
            verdict =
                try look(cara_verdict_key(program: id, key), in: Maps.verdicts)
                .map { ProgramTables.Verdict($0) } ?? program.denial
        }
        guard let verdict else {
            return end(id, isAllowed: false, "the tables are incomplete")
        }
        return end(
            id,
            isAllowed: verdict.isAllowed,
            verdict.rule == 0 ? "no rule matches" : nil,
            rule: verdict.rule,
            logRule: verdict.logRule,
            goesOn: verdict.goesOn
        )
    }

    /// Reads what the search may need, and searches as the interpreter of tables does.
    private mutating func search(
        _ key: ProgramTables.VerdictKey,
        _ id: UInt32,
        _ program: cara_program
    ) throws(DataplaneError) -> ProgramTables.Verdict? {
        var tables = ProgramTables(id: id)
        tables.isBitmap = true
        tables.usesSourcePorts = program.flags & CARA_PROGRAM_SPORTS.rawValue != 0
        try readRow(.remote, key.group, &tables)
        try readRow(.port, key.portGroup, &tables)
        if tables.usesSourcePorts { try readRow(.sourcePort, key.sourcePortGroup, &tables) }
        try readRow(.silent, 0, &tables)
        for clause in tables.candidates(key) {
            let key = cara_clause_key(program: id, clause: clause)
            tables.clauses[clause] = try look(key, in: Maps.clauses)
                .flatMap { ProgramTables.ClauseEntry($0) }
        }
        return tables.search(key)
    }

    private mutating func readRow(
        _ side: ProgramTables.BitmapKey.Side,
        _ group: UInt32,
        _ tables: inout ProgramTables
    ) throws(DataplaneError) {
        var chunks: UInt64 = 1
        var chunk: UInt16 = 0
        while chunks != 0 {
            if chunks & 1 != 0 {
                let key = ProgramTables.BitmapKey(side: side, group: group, chunk: chunk)
                let bitmap = try look(cara_bitmap_key(program: tables.id, key), in: Maps.bitmaps)
                    .map { ProgramTables.Bitmap($0) }
                tables.bitmaps[key] = bitmap
                if chunk == 0 { chunks = (bitmap?.chunks ?? 0) | 1 }
            }
            chunks >>= 1
            chunk += 1
        }
    }

    // MARK: Steps

    mutating func look<K, V>(
        _ key: K,
        in table: MapTable<K, V>
    ) throws(DataplaneError) -> V? {
        let value = try maps.value(of: key, in: table)
        let detail = table.detail(key)
        steps.append(
            KernelTrace.Step(
                map: table.name,
                key: table.object(key) + (detail.isEmpty ? "" : ", \(detail)"),
                value: value.map { "\($0)" }
            )
        )
        return value
    }

    private func end(
        _ program: UInt32,
        isAllowed: Bool,
        _ reason: String?,
        rule: UInt32 = 0,
        logRule: UInt32 = 0,
        goesOn: Bool = false
    ) -> KernelTrace {
        KernelTrace(
            program: program,
            steps: steps,
            isAllowed: isAllowed,
            goesOn: goesOn,
            reason: reason,
            rule: rule == 0 ? nil : name(rule),
            logRule: logRule == 0 ? nil : name(logRule)
        )
    }
}

extension cara_program {
    /// What groups get that a sparse table of verdicts does not name.
    fileprivate var denial: ProgramTables.Verdict? {
        guard flags & CARA_PROGRAM_SPARSE.rawValue != 0 else { return nil }
        return ProgramTables.Verdict(isAllowed: false, rule: default_rule, logRule: 0)
    }
}
