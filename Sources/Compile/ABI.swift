package import CBPFABI
package import Model

// From tables as values to the structs of bpf/abi/abi.h: the one place where byte orders and prefix
// lengths of keys are decided.

extension cara_class_key {
    /// The prefix in mapped form.
    package init(_ prefix: Prefix) {
        self.init(prefixlen: UInt32(prefix.mappedLength), addr: prefix.address.mapped)
    }
}

extension Address {
    fileprivate var mapped: cara_addr {
        cara_addr(
            word: (
                UInt32(truncatingIfNeeded: high >> 32).bigEndian,
                UInt32(truncatingIfNeeded: high).bigEndian,
                UInt32(truncatingIfNeeded: low >> 32).bigEndian,
                UInt32(truncatingIfNeeded: low).bigEndian
            )
        )
    }
}

extension cara_port_key {
    /// The bits that count are program, protocol and, unless the whole protocol is meant, padding and
    /// the leading bits of the port.
    package init(program: UInt32, _ port: ProgramTables.PortPrefix) {
        self.init(
            prefixlen: port.length == 0 ? 40 : UInt32(48 + port.length),
            program: program.bigEndian,
            proto: port.protocol,
            pad: 0,
            port: port.port.bigEndian
        )
    }
}

extension ProgramTables.PortPrefix {
    /// `nil` for bits that no prefix of ours has.
    package init?(_ key: cara_port_key) {
        let length = key.prefixlen == 40 ? 0 : Int(key.prefixlen) - 48
        guard (0...16).contains(length), key.pad == 0 else { return nil }
        self.init(protocol: key.proto, port: UInt16(bigEndian: key.port), length: length)
    }
}

extension ProgramTables.VerdictKey {
    package init(_ key: cara_verdict_key) {
        self.init(
            group: key.group,
            portGroup: key.port_group,
            sourcePortGroup: key.sport_group
        )
    }
}

extension ProgramTables.BitmapKey {
    /// `nil` for a side that there is not.
    package init?(_ key: cara_bitmap_key) {
        guard let side = Side(rawValue: key.side) else { return nil }
        self.init(side: side, group: key.group, chunk: key.chunk)
    }
}

extension ProgramTables.Verdict {
    package init(_ verdict: cara_verdict) {
        self.init(
            isAllowed: UInt32(verdict.action) == CARA_ACTION_ALLOW.rawValue,
            rule: verdict.rule,
            logRule: verdict.log_rule,
            goesOn: UInt32(verdict.action) == CARA_ACTION_NONE.rawValue
        )
    }
}

extension ProgramTables.Bitmap {
    package init(_ bitmap: cara_bitmap) {
        self.init(
            chunks: bitmap.chunks,
            words: withUnsafeBytes(of: bitmap.word) { Array($0.bindMemory(to: UInt64.self)) }
        )
    }
}

extension ProgramTables.ClauseEntry {
    /// `nil` for a kind that there is not.
    package init?(_ clause: cara_clause) {
        guard let kind = Kind(rawValue: clause.kind) else { return nil }
        self.init(kind: kind, rule: clause.rule, next: clause.next)
    }
}

extension cara_verdict_key {
    package init(program: UInt32, _ key: ProgramTables.VerdictKey) {
        self.init(
            program: program,
            group: key.group,
            port_group: key.portGroup,
            sport_group: key.sourcePortGroup
        )
    }
}

extension cara_verdict {
    package init(_ verdict: ProgramTables.Verdict) {
        let action =
            verdict.goesOn
            ? CARA_ACTION_NONE : verdict.isAllowed ? CARA_ACTION_ALLOW : CARA_ACTION_DENY
        self.init(
            rule: verdict.rule,
            log_rule: verdict.logRule,
            action: UInt8(truncatingIfNeeded: action.rawValue),
            pad: (0, 0, 0)
        )
    }
}

extension cara_bitmap_key {
    package init(program: UInt32, _ key: ProgramTables.BitmapKey) {
        self.init(
            program: program,
            group: key.group,
            chunk: key.chunk,
            side: key.side.rawValue,
            pad: 0
        )
    }
}

extension cara_bitmap {
    package init(_ bitmap: ProgramTables.Bitmap) {
        self.init()
        chunks = bitmap.chunks
        withUnsafeMutableBytes(of: &word) { room in
            bitmap.words.withUnsafeBytes { room.copyMemory(from: $0) }
        }
    }
}

extension cara_clause {
    package init(_ clause: ProgramTables.ClauseEntry) {
        self.init(rule: clause.rule, next: clause.next, kind: clause.kind.rawValue)
    }
}

extension cara_program {
    package init(_ tables: ProgramTables) {
        self.init(
            flags: (tables.usesSourcePorts ? CARA_PROGRAM_SPORTS.rawValue : 0)
                | (tables.isBitmap ? CARA_PROGRAM_BITMAP.rawValue : 0)
                | (tables.isSplit ? CARA_PROGRAM_SPLIT.rawValue : 0)
                | (tables.defaultDenial == nil ? 0 : CARA_PROGRAM_SPARSE.rawValue)
                | (tables.ports.isEmpty && !tables.isSplit ? CARA_PROGRAM_ANY_PORT.rawValue : 0),
            default_group: tables.defaultGroup,
            default_port_group: tables.defaultPortGroup,
            default_rule: tables.defaultDenial ?? 0
        )
    }
}
