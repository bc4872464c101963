internal import JSON
internal import Resources

/// How `get` shows objects.
enum OutputFormat: Sendable {
    case table(isWide: Bool)
    case yaml
    case json
    case name
    case columns([ChosenColumn])

    init(_ text: String) throws(CommandFailure) {
        switch text {
        case "ps", "": self = .table(isWide: false)
        case "wide": self = .table(isWide: true)
        case "yaml": self = .yaml
        case "json": self = .json
        case "name": self = .name
        default:
            guard let equals = text.firstIndex(of: "=") else {
                throw Self.unknown(text)
            }
            let argument = text[text.index(after: equals)...]
            switch text[..<equals] {
            case "custom-columns": self = .columns(try Self.columns(argument))
            case "go-template", "go-template-file", "jsonpath":
                throw CommandFailure(
                    "Error: -o \(text[..<equals]) is not supported; use custom-columns, or json",
                    .usage
                )
            default: throw Self.unknown(text)
            }
        }
    }

    private static func unknown(_ text: String) -> CommandFailure {
        CommandFailure(
            "Error: unknown format '\(text)'; "
                + "expected ps, wide, yaml, json, name or custom-columns=...",
            .usage
        )
    }

    private static func columns(_ text: Substring) throws(CommandFailure) -> [ChosenColumn] {
        try text.split(separator: ",", omittingEmptySubsequences: false)
            .map { part throws(CommandFailure) in
                let halves = part.split(separator: ":", maxSplits: 1)
                guard halves.count == 2 else {
                    return ChosenColumn(heading: String(part), path: nil)
                }
                guard let path = FieldPath(String(halves[1])) else {
                    throw CommandFailure(
                        "Error: '\(part)' is no column; expected HEADING:.path.of.field",
                        .usage
                    )
                }
                return ChosenColumn(heading: String(halves[0]), path: path)
            }
    }

    /// Refuses columns that a kind does not have.
    func check(_ kinds: [ResourceKind]) throws(CommandFailure) {
        guard case .columns(let chosen) = self else { return }
        for kind in kinds {
            let known = kind.columns.map(\.heading)
            for column in chosen where column.path == nil && !known.contains(column.heading) {
                throw CommandFailure(
                    "Error: '\(column.heading)' is no column of \(kind.type.kind); "
                        + "it has \(known.joined(separator: ", "))",
                    .usage
                )
            }
        }
    }
}

/// A column of `custom-columns`: a heading and a path as kubectl has it, or the heading alone of
/// one of the kind's own columns as calicoctl.
struct ChosenColumn: Hashable, Sendable {
    let heading: String
    let path: FieldPath?

    func cell(_ resource: Resource, of columns: [Column]) -> String {
        path?.text(in: resource.value)
            ?? columns.first { $0.heading == heading }?.cell(resource) ?? "<none>"
    }
}

/// Objects of one kind in the order in which they are shown.
struct Listing: Sendable {
    let kind: ResourceKind
    var items: [Resource]
    /// Of the whole store at that time.
    let revision: String
    /// One object was asked for by name, so that it is shown by itself.
    let isSingle: Bool
    /// Whether to say of which namespace each object is.
    let showsNamespace: Bool

    /// As Kubernetes lists objects.
    var value: JSONValue {
        if isSingle, let only = items.first { return only.value }
        return [
            "apiVersion": .string(kind.apiVersion),
            "kind": .string(kind.type.kind + "List"),
            "metadata": ["resourceVersion": .string(revision)],
            "items": .array(items.map(\.value)),
        ]
    }

    var columns: [Column] {
        let namespace = Column("NAMESPACE") { $0.namespace ?? "" }
        return (showsNamespace && kind.isNamespaced ? [namespace] : []) + kind.columns
    }
}

extension OutputFormat {
    /// What `get` prints for these listings.
    func text(_ listings: [Listing]) -> String {
        switch self {
        case .table: return listings.map(table).map { $0.text() }.joined(separator: "\n")
        case .columns: return listings.map(table).map { $0.text() }.joined(separator: "\n")
        case .name: return listings.map { $0.items.map { Self.name($0) + "\n" }.joined() }.joined()
        case .yaml: return listings.map { $0.value.yaml }.joined(separator: "---\n")
        case .json:
            return listings.map { $0.value.text(indentation: 2) + "\n" }.joined()
        }
    }

    func table(_ listing: Listing) -> TextTable {
        let columns: [(heading: String, cell: (Resource) -> String)]
        switch self {
        case .columns(let chosen):
            columns = chosen.map { column in
                (column.heading, { column.cell($0, of: listing.kind.columns) })
            }
        case .table(let isWide):
            columns = listing.columns.filter { isWide || !$0.isWideOnly }
                .map { ($0.heading, $0.cell) }
        default: columns = [("NAME", Self.name)]
        }
        var table = TextTable(columns.map(\.heading))
        table.rows = listing.items.map { item in columns.map { $0.cell(item) } }
        return table
    }

    /// `tier.projectcalico.org/default`, which the commands take as an argument again.
    static func name(_ resource: Resource) -> String {
        let group = resource.type.group.isEmpty ? "" : ".\(resource.type.group)"
        return "\(resource.kind.lowercased())\(group)/\(resource.name)"
    }
}
