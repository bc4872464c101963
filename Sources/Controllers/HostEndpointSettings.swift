internal import JSON
internal import Model
internal import Resources
internal import Selector

/// Which host endpoints the cluster wants made for its nodes: `spec.controllers.node.hostEndpoint` of
/// the KubeControllersConfiguration `default`, Calico's defaults where it is silent.
struct HostEndpointSettings: Sendable {
    /// One more kind of host endpoint, for the nodes that it selects.
    struct Template: Sendable {
        /// Part of the names of what it makes.
        var name: String
        var nodeSelector: Selector
        /// Addresses of the node that count; none where it goes by interfaces alone.
        var cidrs: [Prefix]
        /// Finds interfaces anywhere in their names, as Go's `MatchString` does.
        var interfacePattern: String?
        /// Win over the node's own.
        var labels: [String: String]
        var annotations: [String: String]
    }

    var isEnabled = false
    /// One endpoint a node for all of its interfaces.
    var makesDefault = true
    var templates: [Template] = []
    /// What makes no sense in the object, by field; those templates are left out.
    var problems: [String] = []

    /// Without an object nothing is made.
    init(_ configuration: Resource?) {
        let field = configuration?.spec["controllers"]?["node"]?["hostEndpoint"]
        isEnabled = field?["autoCreate"]?.string == "Enabled"
        makesDefault = field?["createDefaultHostEndpoint"]?.string != "Disabled"
        for (index, item) in (field?["templates"]?.array ?? []).enumerated() {
            do throws(Problem) {
                templates.append(try Self.template(item))
            } catch {
                problems.append("spec.controllers.node.hostEndpoint.templates[\(index)].\(error)")
            }
        }
    }

    private struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private static func template(_ item: JSONValue) throws(Problem) -> Template {
        guard let name = item["generateName"]?.string, !name.isEmpty else {
            throw Problem(description: "generateName: expected a name")
        }
        let texts = (item["interfaceCIDRs"]?.array ?? []).map { $0.string ?? "" }
        let cidrs = texts.compactMap { Prefix($0) }
        guard cidrs.count == texts.count else {
            throw Problem(description: "interfaceCIDRs: expected CIDRs")
        }
        let pattern = item["interfacePattern"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        if let pattern, (try? Regex(pattern)) == nil {
            throw Problem(description: "interfacePattern: \(pattern): no regular expression")
        }
        guard pattern != nil || !cidrs.isEmpty else {
            throw Problem(description: "interfaceCIDRs: expected them or interfacePattern")
        }
        var selector = Selector.all
        do {
            selector = try Selector(parsing: item["nodeSelector"]?.string ?? "")
        } catch {
            throw Problem(description: "nodeSelector: \(error)")
        }
        return Template(
            name: name,
            nodeSelector: selector,
            cidrs: cidrs,
            interfacePattern: pattern,
            labels: strings(item["labels"]),
            annotations: strings(item["annotations"])
        )
    }

    private static func strings(_ value: JSONValue?) -> [String: String] {
        var result: [String: String] = [:]
        for (key, value) in value?.object?.members ?? [] { result[key] = value.string }
        return result
    }
}
