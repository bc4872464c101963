package import JSON
import Selector

/// One place that sets parameters.
package struct FelixSource: Sendable {
    package enum Value: Hashable, Sendable {
        case text(String)
        case json(JSONValue)
    }

    /// Where, for messages: `environment`, `/etc/calico/felix.cfg`, `FelixConfiguration(default)`.
    package let name: String
    /// By parameter name or field, in any case.
    package let values: [String: Value]
    /// Whether it may set what concerns one node's own start, as the datastore's address.
    package let isLocal: Bool

    package init(name: String, values: [String: Value], isLocal: Bool) {
        self.name = name
        self.values = values
        self.isLocal = isLocal
    }

    /// Flags of the command line and other overrides of our own.
    package static func overrides(_ values: [String: String]) -> FelixSource {
        FelixSource(name: "command line", values: values.mapValues { .text($0) }, isLocal: true)
    }

    /// Variables `FELIX_<Name>`, in any case.
    package static func environment(_ variables: [String: String]) -> FelixSource {
        var values: [String: Value] = [:]
        for (name, value) in variables where name.lowercased().hasPrefix("felix_") {
            values[String(name.dropFirst("felix_".count))] = .text(value)
        }
        return FelixSource(name: "environment", values: values, isLocal: true)
    }

    /// The text of felix.cfg: `Name = value` in section `[global]`.
    package static func file(_ text: String, path: String) -> FelixSource {
        var values: [String: Value] = [:]
        var section = ""
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimming(\.isWhitespace)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[", line.last == "]" {
                section = line.dropFirst().dropLast().trimming(\.isWhitespace).lowercased()
            } else if section == "global",
                let mark = line.firstIndex(where: { $0 == "=" || $0 == ":" })
            {
                let name = line[..<mark].trimming(\.isWhitespace)
                let value = line[line.index(after: mark)...].trimming(\.isWhitespace)
                values[String(name)] = .text(String(value))
            }
        }
        return FelixSource(name: path, values: values, isLocal: true)
    }

    /// The FelixConfigurations that concern a node, most specific first.
    ///
    /// Of several whose node selectors match, the oldest counts; the others are named.
    package static func configurations(
        _ resources: [Resource],
        host: String,
        nodeLabels: [String: String]
    ) -> (sources: [FelixSource], ignored: [String]) {
        let named = { (name: String) in resources.filter { $0.name == name } }
        let matching = resources.filter { resource in
            guard resource.name != "default", !resource.name.hasPrefix("node."),
                let text = resource.spec.text("nodeSelector"),
                let selector = try? Selector(parsing: text)
            else { return false }
            return selector.matches(nodeLabels)
        }
        // RFC 3339 times in UTC sort as text.
        let oldest = matching.sorted {
            ($0.creationTimestamp ?? "", $0.name) < ($1.creationTimestamp ?? "", $1.name)
        }
        let chosen = named("node.\(host)") + oldest.prefix(1) + named("default")
        return (chosen.map(configuration), oldest.dropFirst().map(\.name))
    }

    private static func configuration(_ resource: Resource) -> FelixSource {
        var values: [String: Value] = [:]
        for (name, value) in resource.spec.object?.members ?? [] where name != "nodeSelector" {
            values[name] = .json(value)
        }
        return FelixSource(name: resource.key.description, values: values, isLocal: false)
    }
}
