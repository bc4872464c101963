internal import Model
internal import Selector

// Selectors of resources speak of an endpoint's own labels, of its namespace's and of its service
// account's. The engine knows one set of labels per endpoint, so the latter two get prefixes here
// (inventory §3.7).

/// Labels and prefixes that the conversion adds (inventory §2.5).
enum WellKnown {
    static let namespace = "projectcalico.org/namespace"
    static let serviceAccount = "projectcalico.org/serviceaccount"
    static let orchestrator = "projectcalico.org/orchestrator"
    static let name = "projectcalico.org/name"
    static let namespaceLabelPrefix = "pcns."
    static let serviceAccountLabelPrefix = "pcsa."
}

extension Field {
    /// The field's text as a selector.
    func selector() throws(ConversionError) -> Selector {
        do {
            return try Selector(parsing: try string())
        } catch let error as SelectorError {
            throw self.error("is no selector: \(error)")
        } catch {
            throw expected("a selector")
        }
    }

    /// A selector over labels of namespaces: `all()` asks for any namespace, `global()` for none.
    func namespaceSelector() throws(ConversionError) -> Selector {
        try selector().overNamespaces
    }

    func serviceAccountSelector() throws(ConversionError) -> Selector {
        try selector().prefixingKeys(WellKnown.serviceAccountLabelPrefix)
    }

    /// A selector member; `nil` when it is absent or empty.
    func child(selector key: String) throws(ConversionError) -> Field? {
        try text(key) == nil ? nil : self[key]
    }
}

extension Selector {
    var overNamespaces: Selector {
        prefixingKeys(WellKnown.namespaceLabelPrefix)
            .replacing(
                all: .has(key: WellKnown.namespace),
                global: .not(.has(key: WellKnown.namespace))
            )
    }

    static func inNamespace(_ namespace: String) -> Selector {
        .equals(WellKnown.namespace, namespace)
    }
}

// MARK: - Kubernetes label selectors

extension Field {
    /// A `LabelSelector` over labels of pods.
    func podLabelSelector() throws(ConversionError) -> [Selector] {
        try labelSelector().map { Selector($0) }
    }

    /// A `LabelSelector` over labels of namespaces; an empty one selects every namespace.
    func namespaceLabelSelector() throws(ConversionError) -> Selector {
        let terms = try labelSelector()
        guard !terms.isEmpty else { return Selector.all.overNamespaces }
        return Selector.conjunction(terms.map { Selector($0) }).overNamespaces
    }

    /// The terms of a `LabelSelector`, all of which must hold.
    private func labelSelector() throws(ConversionError) -> [Selector.Node] {
        guard isObject else { throw expected("a label selector") }
        var terms: [Selector.Node] = []
        for (key, value) in try stringMap("matchLabels").sorted(by: { $0.key < $1.key }) {
            terms.append(.equals(key: key, value: value))
        }
        for expression in try list("matchExpressions") { terms.append(try expression.term()) }
        for term in terms where (try? Selector(parsing: Selector(term).canonical)) == nil {
            throw error("holds a key or value that is no label: \(Selector(term).canonical)")
        }
        return terms
    }

    private func term() throws(ConversionError) -> Selector.Node {
        let key = try required("key").string()
        let values = try strings("values")
        let `operator` = try required("operator")
        switch try `operator`.string() {
        case "In": return Selector.isIn(key, values).root
        case "NotIn": return .isNotIn(key: key, values: Self.sortedUnique(values))
        case "Exists": return .has(key: key)
        case "DoesNotExist": return .not(.has(key: key))
        default: throw `operator`.expected("In, NotIn, Exists or DoesNotExist")
        }
    }

    private static func sortedUnique(_ values: [String]) -> [String] {
        Set(values).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
