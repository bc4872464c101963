package import Model

/// The kernel's policy tables as values, and the look-ups that the programs of `bpf/lib/policy.h` make
/// in them.
///
/// Tests compare it with the evaluator and with the kernel; `policy trace --compare` asks it. It knows
/// nothing of the compiler: it only adds changes up.
package struct TableInterpreter: Sendable {
    /// What a first packet meets.
    package struct Outcome: Hashable, Sendable {
        package let isAllowed: Bool
        /// The rule that decides; `nil` when there is no match.
        package let rule: RuleName?
        /// The first Log rule passed on the way.
        package let logRule: RuleName?
        /// Nothing decides: what comes after the program is asked.
        package var goesOn = false
    }

    package private(set) var programs: [UInt32: ProgramTables] = [:]
    package private(set) var classes: [Prefix: UInt32] = [:]
    package private(set) var endpoints: [Address: EndpointPrograms] = [:]
    package private(set) var spoofers: [EndpointID: [Family: UInt32]] = [:]
    package private(set) var stagedSpoofers: [EndpointID: [Family: UInt32]] = [:]
    package private(set) var hosts: [EndpointID: HostPrograms] = [:]
    package private(set) var rules: [UInt32: RuleName] = [:]
    package private(set) var conflicts: [Address: [EndpointID]] = [:]

    package init() {}

    /// Adds a change, as the dataplane does.
    package mutating func apply(_ change: DataplaneChange) {
        for program in change.programsAdded { programs[program.id] = program }
        for addition in change.programsExtended { extend(by: addition) }
        reform(change.reformed)
        for (prefix, label) in change.classes { classes[prefix] = label }
        for (address, programs) in change.endpoints { endpoints[address] = programs }
        for (id, programs) in change.spoofers { spoofers[id] = programs }
        for (id, programs) in change.stagedSpoofers { stagedSpoofers[id] = programs }
        for (id, programs) in change.hosts { hosts[id] = programs }
        for (id, labels) in change.groupsRemoved {
            for label in labels { programs[id]?.groups[label] = nil }
        }
        for (id, keys) in change.verdictsRemoved {
            for key in keys { programs[id]?.verdicts[key] = nil }
        }
        for (id, keys) in change.bitmapsRemoved {
            for key in keys { programs[id]?.bitmaps[key] = nil }
        }
        for id in change.programsRemoved { programs[id] = nil }
        for (id, name) in change.rules { rules[id] = name }
        for (address, losers) in change.conflicts {
            conflicts[address] = losers.isEmpty ? nil : losers
        }
    }

    private mutating func extend(by addition: ProgramTables) {
        programs[addition.id]?.groups.merge(addition.groups) { $1 }
        if addition.isSplit { programs[addition.id]?.defaultGroup = addition.defaultGroup }
        programs[addition.id]?.verdicts.merge(addition.verdicts) { $1 }
        programs[addition.id]?.bitmaps.merge(addition.bitmaps) { $1 }
    }

    private mutating func reform(_ ids: [UInt32: UInt32]) {
        guard !ids.isEmpty else { return }
        func renewed(_ id: UInt32) -> UInt32 { ids[id] ?? id }
        endpoints = endpoints.mapValues { former in
            var programs = former
            programs.ingress = renewed(former.ingress)
            programs.egress = renewed(former.egress)
            programs.stagedIngress = renewed(former.stagedIngress)
            programs.stagedEgress = renewed(former.stagedEgress)
            return programs
        }
        spoofers = spoofers.mapValues { $0.mapValues(renewed) }
        stagedSpoofers = stagedSpoofers.mapValues { $0.mapValues(renewed) }
        hosts = hosts.mapValues { $0.reformed(by: ids) }
    }

    // MARK: Look-ups

    /// The verdict on a flow's first packet at one of its local ends; `nil` when that is not local.
    package func judge(_ flow: Flow, _ direction: Direction) -> Outcome? {
        let local = direction == .ingress ? flow.destination : flow.source
        let remote = direction == .ingress ? flow.source : flow.destination
        guard let endpoint = endpoints[local] else { return nil }
        return judge(
            flow,
            remote: remote,
            program: direction == .ingress ? endpoint.ingress : endpoint.egress
        )
    }

    /// The verdict there would be were staged policies enforced; `nil` when that end is not local.
    package func judgeStaged(_ flow: Flow, _ direction: Direction) -> Outcome? {
        let local = direction == .ingress ? flow.destination : flow.source
        let remote = direction == .ingress ? flow.source : flow.destination
        guard let endpoint = endpoints[local] else { return nil }
        let staged = direction == .ingress ? endpoint.stagedIngress : endpoint.stagedEgress
        guard staged != 0 else { return judge(flow, direction) }
        return judge(flow, remote: remote, program: staged)
    }

    /// The verdict of one program.
    package func judge(_ flow: Flow, remote: Address, program id: UInt32) -> Outcome {
        // Neither program 0 (deny all) nor one that is missing allows anything.
        guard let program = programs[id] else {
            return Outcome(isAllowed: id == 1, rule: nil, logRule: nil, goesOn: id == 2)
        }
        let icmp = flow.icmp.map { UInt16($0.type) << 8 | UInt16($0.code ?? 0) }
        let port = flow.protocol.isICMP ? icmp ?? 0 : flow.destinationPort
        let key = ProgramTables.VerdictKey(
            group: program.groups[label(of: remote)] ?? program.defaultGroup,
            portGroup: Self.look(program.ports, flow.protocol, port)
                ?? program.defaultPortGroup,
            sourcePortGroup: program.usesSourcePorts
                ? Self.look(program.sourcePorts, flow.protocol, flow.sourcePort) ?? 0 : 0
        )
        let verdict = program.isBitmap ? program.search(key) : program.look(key)
        guard let verdict else {
            return Outcome(isAllowed: false, rule: nil, logRule: nil)
        }
        return Outcome(
            isAllowed: verdict.isAllowed,
            rule: rules[verdict.rule],
            logRule: rules[verdict.logRule],
            goesOn: verdict.goesOn
        )
    }

    /// The class of an address: that of the longest prefix, 0 when there is none.
    ///
    /// As in the kernel, mapped IPv4 addresses lie inside short IPv6 prefixes.
    package func label(of address: Address) -> UInt32 {
        for length in stride(from: 128, through: 0, by: -1) {
            let network = address.masked(mappedLength: length)
            let isV4 = network.isV4 && length >= 96
            guard let prefix = Prefix(network, length: isV4 ? length - 96 : length) else {
                continue
            }
            if let label = classes[prefix] { return label }
        }
        return 0
    }

    private static func look(
        _ table: [ProgramTables.PortPrefix: UInt32],
        _ protocol: IPProtocol,
        _ port: UInt16
    ) -> UInt32? {
        for length in stride(from: 16, through: 0, by: -1) {
            let network = length == 0 ? 0 : port & (UInt16.max << UInt16(16 - length))
            let prefix = ProgramTables.PortPrefix(
                protocol: `protocol`.rawValue,
                port: network,
                length: length
            )
            if let group = table[prefix] { return group }
        }
        return nil
    }
}

extension ProgramTables {
    /// What a table of verdicts says of groups; `nil` when it is incomplete.
    package func look(_ key: VerdictKey) -> Verdict? {
        verdicts[key]
            ?? defaultDenial.map { Verdict(isAllowed: false, rule: $0, logRule: 0) }
    }
}
