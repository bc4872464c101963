internal import Evaluate
internal import JSON
internal import Model

/// What a change of policy would do.
struct Preview: Sendable {
    /// `nil` when no agent could be asked.
    let flows: FlowPreview?
    let unreached: String?
    let pairs: PairPreview

    var hasChanges: Bool { !(flows?.changes.isEmpty ?? true) || pairs.changed > 0 }
}

// MARK: - Text

extension Preview {
    var text: String { flowText + "\n" + pairText }

    private var flowText: String {
        guard let flows else { return "Flows: not compared: \(unreached ?? "no agent")\n" }
        var text =
            "Flows of the last hour: \(flows.count) seen, \(flows.changes.count) would change\n"
        if flows.unknown > 0 {
            text += "  (\(flows.unknown) between addresses of no workload are not judged)\n"
        }
        guard !flows.changes.isEmpty else { return text }
        var table = TextTable([
            "NOW", "THEN", "SOURCE", "DESTINATION", "PORT", "SEEN", "DECIDES THEN",
        ])
        for change in flows.changes {
            let age = change.age.map { "\(Int($0))s ago" } ?? ""
            table.rows.append(change.cells + [age, change.decision?.text ?? ""])
        }
        return text + table.text()
    }

    private var pairText: String {
        let asked = pairs.probes.map(\.description).joined(separator: ", ")
        var text =
            "Pairs of \(pairs.endpoints) workloads (\(pairs.groups) groups of addresses), "
            + "for \(asked.isEmpty ? "no port" : asked):\n"
            + "\(pairs.changed) of \(pairs.pairs) would change\n"
        if !pairs.isWhole {
            text +=
                "  (there is more than is judged at once: narrow it by --port; "
                + "what is not shown may change too)\n"
        }
        guard !pairs.changes.isEmpty else { return text }
        var table = TextTable([
            "NOW", "THEN", "SOURCE", "DESTINATION", "PORT", "PAIRS", "DECIDES THEN",
        ])
        for change in pairs.changes {
            table.rows.append(change.cells + ["\(change.pairs)", change.decision?.text ?? ""])
        }
        return text + table.text()
    }
}

extension VerdictChange {
    fileprivate var cells: [String] {
        let words = isAllowed ? ["deny", "allow"] : ["allow", "deny"]
        let port =
            flow.protocol.hasPorts
            ? "\(flow.destinationPort)/\(flow.protocol)"
            : flow.icmp.map { "\(flow.protocol) type \($0.type)" } ?? "\(flow.protocol)"
        return words + [source, destination, port]
    }

    fileprivate var json: JSONValue {
        var json: JSONValue = [
            "before": isAllowed ? "deny" : "allow",
            "after": isAllowed ? "allow" : "deny",
            "source": .string(source),
            "destination": .string(destination),
            "sourceAddress": .string("\(flow.source)"),
            "destinationAddress": .string("\(flow.destination)"),
            "protocol": .string("\(flow.protocol)"),
        ]
        if flow.protocol.hasPorts { json["port"] = .int(Int64(flow.destinationPort)) }
        json["icmpType"] = flow.icmp.map { .int(Int64($0.type)) }
        json["secondsAgo"] = age.map { .int(Int64($0)) }
        json["decision"] = decision.map { .string($0.text) }
        return json
    }
}

// MARK: - JSON

extension Preview {
    var json: JSONValue {
        var cells: [JSONValue] = []
        for change in pairs.changes {
            var cell = change.json
            cell["pairs"] = .int(Int64(change.pairs))
            cells.append(cell)
        }
        let pairsJSON: JSONValue = [
            "workloads": .int(Int64(pairs.endpoints)),
            "groups": .int(Int64(pairs.groups)),
            "ports": .array(pairs.probes.map { .string($0.description) }),
            "judged": .int(Int64(pairs.pairs)),
            "changed": .int(Int64(pairs.changed)),
            "complete": .bool(pairs.isWhole),
            "changes": .array(cells),
        ]
        var json: JSONValue = ["pairs": pairsJSON]
        if let flows {
            json["flows"] = [
                "seen": .int(Int64(flows.count)),
                "notJudged": .int(Int64(flows.unknown)),
                "changed": .int(Int64(flows.changes.count)),
                "changes": .array(flows.changes.map(\.json)),
            ]
        } else {
            json["flows"] = ["unavailable": .string(unreached ?? "no agent")]
        }
        return json
    }
}
