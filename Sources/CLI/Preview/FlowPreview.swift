internal import Evaluate
internal import JSON
internal import Model

/// A flow that an agent has seen.
struct SeenFlow: Hashable, Sendable {
    let flow: Flow
    /// Whether it was allowed when it was seen last.
    let wasAllowed: Bool
    /// Seconds since then.
    let age: Double

    init(_ flow: Flow, wasAllowed: Bool, age: Double) {
        self.flow = flow
        self.wasAllowed = wasAllowed
        self.age = age
    }

    /// `nil` for what is no flow.
    init?(_ json: JSONValue) {
        guard let source = json["source"]?.string.flatMap({ Address($0) }),
            let destination = json["destination"]?.string.flatMap({ Address($0) }),
            let named = json["protocol"]?.string.flatMap({ IPProtocol($0) }),
            let verdict = json["verdict"]?.string
        else { return nil }
        var flow = Flow(source: source, destination: destination, protocol: named)
        flow.sourcePort = Self.port(json["sourcePort"])
        flow.destinationPort = Self.port(json["destinationPort"])
        if let type = json["icmpType"]?.int {
            let code = json["icmpCode"]?.int ?? 0
            flow.icmp = ICMPMatch(type: UInt8(clamping: type), code: UInt8(clamping: code))
        }
        self.init(flow, wasAllowed: verdict == "Allow", age: json["age"]?.double ?? 0)
    }

    private static func port(_ value: JSONValue?) -> UInt16 { UInt16(clamping: value?.int ?? 0) }
}

/// A verdict that is another one after the change.
struct VerdictChange: Sendable {
    let flow: Flow
    /// Names for people; of several that agree the first and how many more there are.
    let source: String
    let destination: String
    let isAllowed: Bool
    /// What decides after the change.
    let decision: Judgement.Visit?
    var pairs = 1
    var age: Double?

    /// By who talks to whom, then by what is asked.
    var sortKey: (String, String, IPProtocol, UInt16, Address, Address) {
        (source, destination, flow.protocol, flow.destinationPort, flow.source, flow.destination)
    }
}

/// What a change would do to flows that agents have seen.
struct FlowPreview: Sendable {
    private(set) var changes: [VerdictChange] = []
    let count: Int
    /// Neither end of which is a workload that the store knows.
    private(set) var unknown = 0

    init(_ seen: [SeenFlow], _ change: WorldChange) {
        count = seen.count
        let addresses = Set(seen.flatMap { [$0.flow.source, $0.flow.destination] })
        let facts = [change.before, change.after].map { AddressFactTable($0, addresses).facts }
        let judges = PairJudge(change, addresses)
        var groups: [Key: [SeenFlow]] = [:]
        for flow in seen { groups[Key(flow.flow, facts), default: []].append(flow) }
        for flows in groups.values {
            guard let first = flows.first else { continue }
            guard let verdict = judges.judge(first.flow) else {
                unknown += flows.count
                continue
            }
            guard verdict.before != verdict.after else { continue }
            changes += flows.map { seen in
                VerdictChange(
                    flow: seen.flow,
                    source: judges.name(of: seen.flow.source),
                    destination: judges.name(of: seen.flow.destination),
                    isAllowed: verdict.after,
                    decision: verdict.decision,
                    age: seen.age
                )
            }
        }
        changes.sort { $0.sortKey < $1.sortKey }
    }

    /// What flows agree in that are judged alike.
    private struct Key: Hashable {
        let ends: [AddressFacts?]
        let `protocol`: IPProtocol
        let ports: [UInt16]
        let icmp: ICMPMatch?
        let family: Family

        init(_ flow: Flow, _ facts: [[Address: AddressFacts]]) {
            ends = facts.flatMap { [$0[flow.source], $0[flow.destination]] }
            `protocol` = flow.protocol
            ports = [flow.sourcePort, flow.destinationPort]
            icmp = flow.icmp
            family = flow.source.family
        }
    }
}

/// Judges a flow at both of its ends, before the change and after it.
final class PairJudge {
    struct Verdict {
        let before: Bool
        let after: Bool
        let decision: Judgement.Visit?
    }

    private let change: WorldChange
    private let before: EndJudge
    private let after: EndJudge
    private var owners: [[Address: EndpointID]] = []

    init(_ change: WorldChange, _ addresses: Set<Address>) {
        self.change = change
        before = EndJudge(change.before, addresses, enforcesStaged: false)
        after = EndJudge(change.after, addresses, enforcesStaged: change.enforcesStaged)
        owners = [change.before, change.after].map { Self.owners(in: $0, addresses) }
    }

    /// Verdicts asked for so far.
    var count: Int { before.count + after.count }

    private static func owners(
        in world: PolicyWorld,
        _ addresses: Set<Address>
    ) -> [Address: EndpointID] {
        var owners: [Address: EndpointID] = [:]
        for endpoint in world.endpoints.values.sorted(by: EndpointID.areInOrder)
        where endpoint.id.isWorkload {
            for address in endpoint.addresses
            where addresses.contains(address) && owners[address] == nil {
                owners[address] = endpoint.id
            }
        }
        return owners
    }

    func name(of address: Address) -> String {
        (owners[1][address] ?? owners[0][address]).map { "\($0)" } ?? "\(address)"
    }

    /// `nil` when neither end is a workload.
    func judge(_ flow: Flow) -> Verdict? {
        let old = judge(flow, before, owners[0])
        let new = judge(flow, after, owners[1])
        guard old.isKnown || new.isKnown else { return nil }
        return Verdict(before: old.isAllowed, after: new.isAllowed, decision: new.decision)
    }

    private func judge(
        _ flow: Flow,
        _ judge: EndJudge,
        _ owners: [Address: EndpointID]
    ) -> (isKnown: Bool, isAllowed: Bool, decision: Judgement.Visit?) {
        var decision: Judgement.Visit?
        let ends: [(EndpointID?, Direction)] = [
            (owners[flow.source], .egress), (owners[flow.destination], .ingress),
        ]
        for (id, direction) in ends {
            guard let id else { continue }
            let judgement = judge.judge(flow, at: id, direction)
            decision = judgement.visits.last
            if !judgement.isAllowed { return (true, false, decision) }
        }
        return (ends.contains { $0.0 != nil }, true, decision)
    }
}
