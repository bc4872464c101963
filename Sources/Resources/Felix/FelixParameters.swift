import JSON

/// Felix's parameters as they hold on one node, resolved by Calico's precedence (inventory §10).
package struct FelixParameters: Sendable {
    /// A value that could not be used, and what holds instead.
    package struct Problem: Hashable, Sendable, CustomStringConvertible {
        package let source: String
        package let name: String
        package let value: String
        package let reason: String

        package var description: String { "\(source): \(name): \(value): \(reason)" }
    }

    private var values: [String: (value: FelixValue?, source: String)] = [:]
    package private(set) var problems: [Problem] = []

    /// Takes each parameter from the first source that sets it; sources go from the one that
    /// overrides all to the weakest.
    ///
    /// A bad value does not fall through to a weaker source: the default holds, as in Calico.
    package init(_ sources: [FelixSource] = []) {
        for source in sources {
            // Sorted, so that the same sources always give the same problems in the same order.
            for (name, raw) in source.values.sorted(by: { $0.key < $1.key }) {
                set(name, raw, from: source)
            }
        }
    }

    private mutating func set(_ name: String, _ raw: FelixSource.Value, from source: FelixSource) {
        if case .json(let json) = raw, json.isNull || json == "" { return }
        guard let parameter = FelixParameter.byName[name.lowercased()] else {
            report(source, name, raw, "unknown parameter")
            return
        }
        guard values[parameter.name] == nil else { return }
        guard source.isLocal || parameter.field != nil else {
            report(source, name, raw, "only a node itself can set this")
            return
        }
        if let value = Self.parse(raw, parameter) {
            values[parameter.name] = (value, source.name)
        } else {
            let isNone = parameter.defaultText.isEmpty
            report(
                source,
                name,
                raw,
                "bad value; using " + (isNone ? "none" : "the default, \(parameter.defaultText)")
            )
            values[parameter.name] = (parameter.defaultValue, "default")
        }
    }

    private static func parse(_ raw: FelixSource.Value, _ parameter: FelixParameter) -> FelixValue?
    {
        switch raw {
        case .text(let text): parameter.type.parse(text, name: parameter.name)
        case .json(let json): parameter.type.parse(json)
        }
    }

    private mutating func report(
        _ source: FelixSource,
        _ name: String,
        _ raw: FelixSource.Value,
        _ reason: String
    ) {
        let value =
            switch raw {
            case .text(let text): FieldError.excerpt(.string(text))
            case .json(let json): FieldError.excerpt(json)
            }
        problems.append(Problem(source: source.name, name: name, value: value, reason: reason))
    }
}

// MARK: - Reading

extension FelixParameters {
    /// The value of a parameter by its name or its field, in any case; `nil` when it has none.
    package subscript(name: String) -> FelixValue? {
        guard let parameter = FelixParameter.byName[name.lowercased()] else { return nil }
        guard let entry = values[parameter.name] else { return parameter.defaultValue }
        return entry.value
    }

    /// Which source set it; `default` when none did.
    package func source(of name: String) -> String {
        guard let parameter = FelixParameter.byName[name.lowercased()] else { return "default" }
        return values[parameter.name]?.source ?? "default"
    }

    package func bool(_ name: String) -> Bool {
        if case .bool(let value) = self[name] { value } else { false }
    }

    package func integer(_ name: String) -> Int64? {
        if case .integer(let value) = self[name] { value } else { nil }
    }

    package func duration(_ name: String) -> Duration? {
        if case .duration(let value) = self[name] { value } else { nil }
    }

    package func text(_ name: String) -> String? {
        if case .text(let value) = self[name] { value } else { nil }
    }

    package func texts(_ name: String) -> [String] {
        if case .texts(let value) = self[name] { value } else { [] }
    }

    package func pairs(_ name: String) -> [String: String] {
        if case .pairs(let value) = self[name] { value } else { [:] }
    }

    package func ports(_ name: String) -> [ClosedRange<UInt16>] {
        if case .ports(let value) = self[name] { value } else { [] }
    }

    package func hostPorts(_ name: String) -> [FelixHostPort] {
        if case .hostPorts(let value) = self[name] { value } else { [] }
    }
}
