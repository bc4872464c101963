internal import Evaluate
internal import Model

/// What policy says of a flow at both of its ends.
struct Trace: Sendable {
    /// The judgement at one endpoint.
    struct Side: Sendable {
        let direction: Direction
        let endpoint: EndpointID
        let judgement: Judgement
    }

    let flow: Flow
    let source: FlowEnd
    let destination: FlowEnd
    /// Egress of the source, then ingress of the destination, as far as they are endpoints.
    let sides: [Side]

    init(
        _ question: TraceQuestion,
        from source: FlowEnd,
        to destination: FlowEnd,
        in world: TraceWorld
    ) throws(CommandFailure) {
        guard source.endpoint != nil || destination.endpoint != nil else {
            throw CommandFailure(
                "Error: neither \(source.name) nor \(destination.name) is an endpoint",
                .notFound
            )
        }
        let flow = try question.flow(from: source, to: destination)
        let ends: [(EndpointID?, Direction)] = [
            (source.endpoint, .egress), (destination.endpoint, .ingress),
        ]
        sides = ends.compactMap { endpoint, direction in
            endpoint.map { id in
                Side(
                    direction: direction,
                    endpoint: id,
                    judgement: world.evaluator.judge(flow, at: id, direction)
                )
            }
        }
        self.flow = flow
        self.source = source
        self.destination = destination
    }

    var isAllowed: Bool { sides.allSatisfy(\.judgement.isAllowed) }
}

// MARK: - Words

extension RuleName.Owner {
    /// The policy, profile or default that a rule belongs to.
    var text: String {
        switch self {
        case .policy(let id): id.description
        case .profile(let name): "Profile \(name)"
        case .endOfTier: "end of tier"
        case .noMatch: "no policy and no profile matches"
        }
    }
}

extension Judgement.Visit {
    var text: String {
        "\(step.rule.place): \(step.action.rawValue)"
    }
}

extension Mismatch {
    /// What the flow lacks for the rule to match.
    var text: String {
        switch self {
        case .family: "other IP version"
        case .protocol: "other protocol"
        case .notProtocol: "excluded protocol"
        case .icmp: "other ICMP type or code"
        case .notICMP: "excluded ICMP type or code"
        case .nets(let end): "\(end.rawValue) is in none of the nets"
        case .notNets(let end): "\(end.rawValue) is in an excluded net"
        case .selector(let end, let selector): "\(end.rawValue) does not match \(selector)"
        case .notSelector(let end, let selector): "\(end.rawValue) matches excluded \(selector)"
        case .ports(let end): "\(end.rawValue) port is none of the ports"
        case .notPorts(let end): "\(end.rawValue) port is excluded"
        case .service(let end): "\(end.rawValue) is no endpoint of the service"
        }
    }
}
