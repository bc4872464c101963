internal import Compile
internal import Control
internal import Evaluate
internal import JSON
internal import Model

/// What evaluator, compiled tables and kernel say of one end of a flow, side by side.
struct TraceComparison {
    let side: Trace.Side
    let voices: [(source: TraceSource, voice: TraceVoice)]
    /// The kernel's look-ups, as the agent told them; `nil` when no agent of the end's node was asked.
    let kernel: JSONValue?

    /// All ends of a trace.
    ///
    /// `agents` are answers to the verb `trace`; with `updates` the tables are compiled too.
    static func all(
        of trace: Trace,
        agents: [JSONValue],
        updates: [Update]?
    ) -> [TraceComparison] {
        trace.sides.map { side in
            let name = side.direction.rawValue.lowercased()
            let kernel = agents.first { $0["node"]?.string == side.endpoint.node }?[name]
            var voices = [(TraceSource.evaluator, TraceVoice(side.judgement))]
            if let updates, let outcome = outcome(trace.flow, side, updates) {
                voices.append((.tables, TraceVoice(outcome)))
            }
            if let kernel { voices.append((.kernel, TraceVoice(kernel))) }
            return TraceComparison(side: side, voices: voices, kernel: kernel)
        }
    }

    private static func outcome(
        _ flow: Flow,
        _ side: Trace.Side,
        _ updates: [Update]
    ) -> TableInterpreter.Outcome? {
        var compiler = PolicyCompiler(localNode: side.endpoint.node)
        var tables = TableInterpreter()
        tables.apply(compiler.apply(updates))
        if case .host = side.endpoint {
            return tables.judgeOwn(flow, atHost: side.endpoint, side.direction)
        }
        return tables.judge(flow, side.direction)
    }

    var agrees: Bool { Set(voices.map(\.voice)).count == 1 }

    // MARK: Text

    /// The kernel's look-ups in the order in which a packet makes them.
    var kernelText: String {
        let head =
            "\(side.direction.rawValue) of \(side.endpoint) in the kernel of \(side.endpoint.node):"
        guard let kernel else {
            return "\(head)\n  not asked: give the socket of its agent with --socket\n"
        }
        var lines = [head]
        for look in kernel["lookups"]?.array ?? [] {
            let value = look["value"]?.string ?? "no entry"
            lines.append("  \(look["map"]?.string ?? ""): \(look["key"]?.string ?? "") -> \(value)")
        }
        let reason = kernel["reason"]?.string.map { " (\($0))" } ?? ""
        lines.append("  => \(TraceVoice(kernel).text)\(reason)")
        return lines.map { $0 + "\n" }.joined()
    }

    var comparisonText: String {
        let sources = voices.map(\.source.rawValue).joined(separator: ", ")
        let what = "\(side.direction.rawValue) of \(side.endpoint)"
        guard !agrees else { return "\(what): \(sources) agree\n" }
        let lines = voices.map { "  \($0.source.rawValue): \($0.voice.text)\n" }.joined()
        return "\(what): DIFFERENT ANSWERS\n\(lines)"
    }

    // MARK: JSON

    var json: JSONValue {
        var json: JSONValue = ["agrees": .bool(agrees)]
        for (source, voice) in voices { json[source.rawValue] = .string(voice.text) }
        json["lookups"] = kernel?["lookups"]
        return json
    }
}

extension Flow {
    /// The body of the agent's verb `trace`.
    var question: JSONValue {
        var body: JSONValue = [
            "source": .string("\(source)"), "destination": .string("\(destination)"),
            "protocol": .int(Int64(`protocol`.rawValue)),
            "sourcePort": .int(Int64(sourcePort)), "destinationPort": .int(Int64(destinationPort)),
        ]
        if let icmp {
            body["icmpType"] = .int(Int64(icmp.type))
            body["icmpCode"] = .int(Int64(icmp.code ?? 0))
        }
        return body
    }
}
