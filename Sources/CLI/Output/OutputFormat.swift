internal import JSON
internal import Resources

/// How `get` shows objects.
enum OutputFormat: Sendable {
    case table(isWide: Bool)
    case yaml
    case json
    case name
    case columns([(heading: String, path: FieldPath)])

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

    /// `HEADING:.path,…` as kubectl has it, or `HEADING,…` naming columns of the kind, as calicoctl.
    private static func columns(
        _ text: Substring
    ) throws(CommandFailure) -> [(heading: String, path: FieldPath)] {
        var columns: [(heading: String, path: FieldPath)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: ":", maxSplits: 1)
            guard halves.count == 2, let path = FieldPath(String(halves[1])) else {
                throw CommandFailure(
                    "Error: '\(part)' is no column; expected HEADING:.path.of.field",
                    .usage
                )
            }
            columns.append((String(halves[0]), path))
        }
        return columns
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
        case .columns(let paths):
            columns = paths.map { column in
                (column.heading, { column.path.text(in: $0.value) })
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
