package import Compile
package import Evaluate
package import KernelVerdicts
package import Model

/// A packet at a host endpoint, by what its policy is asked about.
struct HostCase: Hashable, CustomStringConvertible {
    enum Traffic: String, Hashable, CaseIterable {
        case own
        case forwarded
        case untracked
    }

    let endpoint: EndpointID
    let flow: Flow
    let direction: Direction
    let traffic: Traffic
    var isStaged = false

    var description: String {
        (isStaged ? "with staged policies: " : "")
            + "\(endpoint) \(traffic.rawValue) \(Case(flow: flow, direction: direction))"
    }

    /// All that the flows may be at every host endpoint of the node.
    static func all(_ endpoints: some Sequence<EndpointID>, _ flows: [Flow]) -> [HostCase] {
        let hosts = endpoints.filter { id in
            if case .host(RandomWorld.localNode, _) = id { true } else { false }
        }
        return hosts.sorted { $0.description < $1.description }.flatMap { id in
            flows.flatMap { flow in
                Direction.allCases.flatMap { direction in
                    Traffic.allCases.flatMap { traffic in
                        [false, true].map { isStaged in
                            HostCase(
                                endpoint: id,
                                flow: flow,
                                direction: direction,
                                traffic: traffic,
                                isStaged: isStaged
                            )
                        }
                    }
                }
            }
        }
    }
}

/// The evaluator's answer; `nil` when what comes next is to be asked.
func evaluate(_ evaluator: Evaluator, _ question: HostCase) -> Voice? {
    if question.traffic == .untracked {
        return evaluator.judgeUntracked(
            question.flow,
            atHost: question.endpoint,
            question.direction,
            withStaged: question.isStaged
        ).map { Voice($0) }
    }
    let packet = HostPacket(question.flow, isForwarded: question.traffic == .forwarded)
    if question.isStaged {
        return Voice(
            evaluator.judgeStaged(packet, atHost: question.endpoint, question.direction)
        )
    }
    return Voice(evaluator.judge(packet, atHost: question.endpoint, question.direction))
}

/// The tables' answer.
func interpret(_ tables: TableInterpreter, _ question: HostCase) -> Voice? {
    if question.traffic == .untracked {
        let stage: HostStage =
            question.direction == .ingress ? .untrackedIngress : .untrackedEgress
        let outcome = tables.judge(
            question.flow,
            atHost: question.endpoint,
            stage,
            withStaged: question.isStaged
        )
        return outcome.flatMap { $0.goesOn ? nil : Voice($0) }
    }
    return tables.judge(
        question.flow,
        atHost: question.endpoint,
        question.direction,
        isForwarded: question.traffic == .forwarded,
        withStaged: question.isStaged
    ).map { Voice($0) }
}

/// The first packet at a host endpoint on which evaluator, tables and kernel differ.
package func hostDisagreement(
    _ facts: PolicyWorld,
    _ tables: TableInterpreter,
    _ kernel: KernelVerdicts?,
    _ flows: [Flow]
) -> String? {
    let evaluator = Evaluator(facts)
    for question in HostCase.all(facts.endpoints.keys, flows) {
        let expected = evaluate(evaluator, question)
        let actual = interpret(tables, question)
        guard expected == actual else {
            return "\(question)\n  evaluator: \(text(expected))\n  tables:    \(text(actual))"
        }
        if let expected, let problem = kernel?.difference(from: expected, question) {
            return problem
        }
    }
    return nil
}

extension KernelVerdicts {
    /// How the programs differ; untracked policy is none of theirs.
    fileprivate func difference(from expected: Voice, _ question: HostCase) -> String? {
        guard question.traffic != .untracked, !question.isStaged, Self.isJudged(question.flow)
        else { return nil }
        do {
            let verdict = try judge(
                question.flow,
                atHost: question.endpoint,
                question.direction,
                isForwarded: question.traffic == .forwarded
            )
            let voice = verdict.map { Voice($0, else: expected.rule) }
            guard voice != expected else { return nil }
            return "\(question)\n  evaluator: \(expected)\n  kernel:    \(text(voice))"
        } catch {
            return "\(question)\n  evaluator: \(expected)\n  kernel:    \(error)"
        }
    }
}

private func text(_ voice: Voice?) -> String { voice.map(\.description) ?? "goes on" }

extension TableInterpreter {
    /// Every program that a packet may meet.
    var programsInUse: Set<UInt32> {
        var used = Set(
            endpoints.values.flatMap {
                [$0.ingress, $0.egress, $0.stagedIngress, $0.stagedEgress]
            }
        )
        used.formUnion(spoofers.values.flatMap(\.values))
        used.formUnion(stagedSpoofers.values.flatMap(\.values))
        used.formUnion(hosts.values.flatMap(\.all))
        for id in used {
            guard let program = programs[id], program.isSplit else { continue }
            used.formUnion(program.groups.values)
            used.insert(program.defaultGroup)
        }
        return used
    }

    /// The programs that a host endpoint's stages are given, whatever they lead to.
    func programs(of question: HostCase) -> Set<UInt32> {
        guard let programs = hosts[question.endpoint] else { return [] }
        let isIngress = question.direction == .ingress
        let stages: [HostStage] =
            switch question.traffic {
            case .own: isIngress ? [.preDNAT, .ingress] : [.egress]
            case .forwarded: isIngress ? [.preDNAT, .forwardIngress] : [.forwardEgress]
            case .untracked: [isIngress ? .untrackedIngress : .untrackedEgress]
            }
        let family = question.flow.destination.family
        return Set(
            stages.map { stage in
                let staged = question.isStaged ? programs[staged: stage, family] : 0
                return staged == 0 ? programs[stage, family] : staged
            }
        )
    }
}

/// A packet whose verdict changed under programs of which none is revoked.
///
/// What has other programs than before is judged anew as a whole.
func unrevokedHost(
    _ before: TableInterpreter,
    _ after: TableInterpreter,
    _ change: DataplaneChange,
    _ flows: [Flow]
) -> String? {
    let hosts = Set(before.hosts.keys).intersection(after.hosts.keys)
    for question in HostCase.all(hosts, flows)
    where before.hosts[question.endpoint] == after.hosts[question.endpoint]
        && interpret(before, question)?.isAllowed != interpret(after, question)?.isAllowed
    {
        let programs = after.programs(of: question)
        if change.revoked.isDisjoint(with: programs) {
            return "\(question): the verdict changed, none of \(programs.sorted()) is revoked"
        }
    }
    return nil
}
