import BPF
package import CBPFABI
package import Model

/// A policy program small enough to be compiled by enumeration: the first rule that fits decides, and
/// without one the packet is denied if it is not said otherwise.
package struct TestPolicy: Hashable, Sendable {
    package struct Rule: Hashable, Sendable {
        package var isAllowed = true
        /// `nil` is anyone.
        package var remote: Address?
        package var `protocol`: UInt8?
        package var port: UInt16?
        package var sourcePort: UInt16?
        package var logs = false

        /// A rule that fits everything it is not told to look at.
        package init(_ change: (inout Rule) -> Void = { _ in }) {
            change(&self)
        }

        package static func allow(
            _ proto: UInt8? = nil,
            port: UInt16? = nil,
            from remote: Address? = nil
        ) -> Rule {
            Rule {
                $0.protocol = proto
                $0.port = port
                $0.remote = remote
            }
        }
    }

    package let id: UInt32
    package var rules: [Rule]
    /// What becomes of a packet that no rule fits.
    package var otherwise = CARA_ACTION_DENY

    package init(id: UInt32 = 16, _ rules: [Rule]) {
        self.id = id
        self.rules = rules
    }

    /// ICMP's type and code in the place of a port.
    package static func icmp(_ type: UInt8, code: UInt8 = 0) -> UInt16 {
        UInt16(type) << 8 | UInt16(code)
    }

    private var remotes: [Address] { Array(Set(rules.compactMap(\.remote))).sorted() }

    private var sourcePorts: [UInt16] { Array(Set(rules.compactMap(\.sourcePort))).sorted() }

    private struct PortMatch: Hashable {
        let proto: UInt8
        let port: UInt16?
    }

    private var ports: [PortMatch] {
        let matches = rules.compactMap { rule in
            rule.protocol.map { PortMatch(proto: $0, port: rule.port) }
        }
        let protocols = matches.map { PortMatch(proto: $0.proto, port: nil) }
        return Array(Set(matches + protocols)).sorted {
            ($0.proto, $0.port ?? 0, $0.port == nil ? 0 : 1)
                < ($1.proto, $1.port ?? 0, $1.port == nil ? 0 : 1)
        }
    }

    /// Writes the tables; class ids are shared by all programs of a test, so that they must not clash.
    package func install(in maps: TestMaps, firstClass: UInt32 = 1) throws {
        var program = cara_program()
        program.flags =
            (sourcePorts.isEmpty ? 0 : CARA_PROGRAM_SPORTS.rawValue)
            | (ports.isEmpty ? CARA_PROGRAM_ANY_PORT.rawValue : 0)
        for (index, remote) in remotes.enumerated() {
            let number = UInt32(index) + firstClass
            let key = cara_class_key(prefixlen: UInt32(CARA_ADDR_BITS), addr: remote.key)
            try maps.classes.set(key, to: number)
            let group = cara_group_key(program: id, class_id: number)
            try maps.groups.set(group, to: UInt32(index + 1))
        }
        for (index, match) in ports.enumerated() {
            try maps.ports.set(key(match.proto, match.port), to: UInt32(index + 1))
        }
        for (index, port) in sourcePorts.enumerated() {
            for proto in Set(ports.map(\.proto)) {
                try maps.sourcePorts.set(key(proto, port), to: UInt32(index + 1))
            }
        }
        try installVerdicts(in: maps)
        try maps.programs.set(id, to: program)
    }

    private func key(_ proto: UInt8, _ port: UInt16?) -> cara_port_key {
        cara_port_key(
            prefixlen: port == nil ? 40 : 64,
            program: id.bigEndian,
            proto: proto,
            pad: 0,
            port: (port ?? 0).bigEndian
        )
    }

    private func installVerdicts(in maps: TestMaps) throws {
        for group in 0...remotes.count {
            for portGroup in 0...ports.count {
                for sourceGroup in 0...sourcePorts.count {
                    let key = cara_verdict_key(
                        program: id,
                        group: UInt32(group),
                        port_group: UInt32(portGroup),
                        sport_group: UInt32(sourceGroup)
                    )
                    let verdict = verdict(
                        group == 0 ? nil : remotes[group - 1],
                        portGroup == 0 ? nil : ports[portGroup - 1],
                        sourceGroup == 0 ? nil : sourcePorts[sourceGroup - 1]
                    )
                    try maps.verdicts.set(key, to: verdict)
                }
            }
        }
    }

    private func verdict(
        _ remote: Address?,
        _ match: PortMatch?,
        _ sourcePort: UInt16?
    ) -> cara_verdict {
        var verdict = cara_verdict()
        verdict.action = UInt8(truncatingIfNeeded: otherwise.rawValue)
        for (index, rule) in rules.enumerated() {
            guard rule.remote == nil || rule.remote == remote,
                rule.protocol == nil || rule.protocol == match?.proto,
                rule.port == nil || rule.port == match?.port,
                rule.sourcePort == nil || rule.sourcePort == sourcePort
            else { continue }
            if rule.logs {
                verdict.log_rule = UInt32(index + 1)
                continue
            }
            verdict.rule = UInt32(index + 1)
            verdict.action = UInt8(rule.isAllowed ? 1 : 0)
            break
        }
        return verdict
    }
}
