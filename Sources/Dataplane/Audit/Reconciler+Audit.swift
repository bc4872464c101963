import CBPFABI
import Compile
import Model

// The maps compared with what they should hold, while nothing is known to be wrong.
//
// A difference has no good reason: somebody else wrote, or we are wrong. It is repaired in the order of
// any other change, and what was judged meanwhile is judged anew.

/// What a slice of an audit does with what it finds.
package enum AuditMode: Hashable, Sendable {
    case report
    case repair
}

extension Reconciler {
    /// Compares about `limit` entries and takes the pass on.
    ///
    /// Nothing is compared while the kernel is known to lag behind: that is repaired by other means.
    mutating func audit(
        _ pass: inout AuditPass,
        limit: Int,
        _ mode: AuditMode
    ) throws(DataplaneError) -> [AuditFinding] {
        guard hasPolicy, isCurrent else { return [] }
        switch pass.step {
        case .endpoints:
            defer { pass.goOn() }
            pass.note(
                compared: actual.endpoints.count + actual.ifaces.count + actual.hosts.count
            )
            return try auditEndpoints(mode)
        case .node:
            defer { pass.goOn() }
            return try auditNode(mode)
        case .programs: return try audit(PolicyMaps.programs, &pass, limit, mode)
        case .classes: return try audit(PolicyMaps.classes, &pass, limit, mode)
        case .groups: return try audit(PolicyMaps.groups, &pass, limit, mode)
        case .ports: return try audit(PolicyMaps.ports, &pass, limit, mode)
        case .sourcePorts: return try audit(PolicyMaps.sourcePorts, &pass, limit, mode)
        case .verdicts: return try audit(PolicyMaps.verdicts, &pass, limit, mode)
        case .bitmaps: return try audit(PolicyMaps.bitmaps, &pass, limit, mode)
        case .clauses: return try audit(PolicyMaps.clauses, &pass, limit, mode)
        }
    }

    // MARK: Policy

    private mutating func audit<K, V>(
        _ map: PolicyMap<K, V>,
        _ pass: inout AuditPass,
        _ limit: Int,
        _ mode: AuditMode
    ) throws(DataplaneError) -> [AuditFinding] {
        pass.begin(changes: changes)
        let slice = try slice(of: map.table, after: pass.cursor, limit: limit)
        pass.note(compared: slice.entries.count)
        var delta = MapDelta<K, V>()
        var seen = 0
        for (key, value) in slice.entries {
            if let desired = map.desired(policy, key) {
                seen += 1
                if !sameBytes(desired, value) { delta.writes.append((key, desired)) }
            } else if !isKept(map.program?(key)) {
                delta.removals.append(key)
            }
        }
        if let next = slice.next {
            pass.advance(to: next, seen: seen)
        } else if pass.end(seen: seen, changes: changes) {
            if pass.seen < policy.entries[map.table.name] ?? 0 {
                delta.writes += try missing(map)
            }
            pass.goOn()
        } else {
            pass.again()
        }
        try repair(map, delta, mode)
        return AuditFinding.all(of: delta, in: map.table, found: slice.entries)
    }

    /// Programs of endpoints that keep their address from another are nobody's wish, but stay.
    private func isKept(_ program: UInt32?) -> Bool {
        guard let program else { return false }
        return policy.programs[program] == nil && actual.programs.contains(program)
    }

    private func missing<K, V>(
        _ map: PolicyMap<K, V>
    ) throws(DataplaneError) -> [MapEntry<K, V>] {
        var missing: [MapEntry<K, V>] = []
        try map.forEach(policy) { key, value throws(DataplaneError) in
            if try self.value(of: key, in: map.table) == nil { missing.append((key, value)) }
        }
        return missing
    }

    private mutating func repair<K, V>(
        _ map: PolicyMap<K, V>,
        _ delta: MapDelta<K, V>,
        _ mode: AuditMode
    ) throws(DataplaneError) {
        guard mode == .repair, !delta.isEmpty else { return }
        // A class may stand in any program.
        let touched = map.program.map { program in
            Set((delta.writes.map(\.key) + delta.removals).map(program))
        }
        func slots(_ tables: EndpointTables) -> Set<UInt32> {
            touched.map { tables.slots(under: $0) } ?? tables.allSlots
        }
        try repair(revoking: slots) { plan, _ in
            if let part = map.part {
                plan.programs[keyPath: part].writes = delta.writes
                plan.removals[keyPath: part].removals = delta.removals
            } else if let classes = delta as? MapDelta<cara_class_key, UInt32> {
                plan.classes = classes
            }
        }
    }

    // MARK: Endpoints and node

    private mutating func auditEndpoints(_ mode: AuditMode) throws(DataplaneError) -> [AuditFinding]
    {
        let found = try readEndpoints()
        let delta = EndpointDelta(from: found, to: actual)
        guard !delta.isEmpty else { return [] }
        let findings =
            AuditFinding.all(
                of: delta.sources,
                in: Maps.spoof,
                found: found.sources.map { ($0.key, 1) }
            )
            + AuditFinding.all(
                of: delta.ifaces,
                in: Maps.ifaces,
                found: found.ifaces.map { ($0.key, $0.value) }
            )
            + AuditFinding.all(
                of: delta.endpoints,
                in: Maps.endpoints,
                found: found.endpoints.map { (cara_addr($0.key), $0.value) }
            )
            + AuditFinding.all(
                of: delta.hosts,
                in: Maps.hosts,
                found: found.hosts.map { ($0.key, $0.value) }
            )
        guard mode == .repair else { return findings }
        // Connections of the entry that should be there, and of the one that was.
        let slots = delta.movedSlots.union(delta.writtenSlots)
        try repair(revoking: { $0.allSlots.intersection(slots) }) { plan, tables in
            plan.endpoints = EndpointDelta(from: found, to: tables)
        }
        return findings
    }

    private mutating func auditNode(_ mode: AuditMode) throws(DataplaneError) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        if let desired = localAddresses {
            let found = try entries(of: Maps.locals)
            let delta = MapDelta(from: found, to: desired.map { (cara_addr($0), 1) })
            findings += AuditFinding.all(of: delta, in: Maps.locals, found: found)
            if mode == .repair, !delta.isEmpty { try apply(localAddresses: desired) }
        }
        if let desired = settings {
            let found = try value(of: 0, in: Maps.settings) ?? cara_settings()
            if !sameBytes(found, self.desired(desired)) {
                findings.append(
                    AuditFinding(Maps.settings, 0, expected: self.desired(desired), found: found)
                )
                if mode == .repair { try apply(desired) }
            }
            findings += try auditFailsafes(desired, mode)
        }
        return findings
    }
}

extension Reconciler {
    private mutating func auditFailsafes(
        _ desired: Settings,
        _ mode: AuditMode
    ) throws(DataplaneError) -> [AuditFinding] {
        let found = try entries(of: Maps.failsafes)
        let delta = MapDelta(from: found, to: entries(of: desired.failsafes))
        if mode == .repair, !delta.isEmpty { try apply(desired) }
        return AuditFinding.all(of: delta, in: Maps.failsafes, found: found)
    }
}

extension EndpointDelta {
    fileprivate var writtenSlots: Set<UInt32> {
        Set(endpoints.writes.map(\.value.slot)).union(ifaces.writes.map(\.value.slot))
    }
}
