import JSON
import Yams

/// One document of a text as a tree, and the lines of its values.
struct LocatedDocument {
    /// From 1.
    let number: Int
    let value: JSONValue
    let lines: [String: Int]
}

/// A text that is no YAML.
struct YAMLFault: Error {
    let document: Int
    let line: Int?
    let path: String
    let reason: String
}

/// Reads YAML with Yams, and gives words their meaning by ``YAMLScalar``.
enum YAMLReader {
    /// All documents before the first fault, and the fault.
    static func read(_ text: String) -> (documents: [LocatedDocument], fault: YAMLFault?) {
        var documents: [LocatedDocument] = []
        var number = 0
        do throws(YAMLFault) {
            try YAMLAliases.check(text)
            let parser = try fault(in: 1) {
                try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            }
            while true {
                number += 1
                guard let root = try fault(in: number, { try parser.nextRoot() }) else { break }
                var converter = Converter(document: number)
                let value = try converter.value(root, path: "", depth: 0)
                documents.append(
                    LocatedDocument(number: number, value: value, lines: converter.lines)
                )
            }
            return (documents, nil)
        } catch {
            return (documents, error)
        }
    }

    private static func fault<Result>(
        in document: Int,
        _ body: () throws -> Result
    ) throws(YAMLFault) -> Result {
        do {
            return try body()
        } catch {
            throw describe(error, document)
        }
    }

    private static func describe(_ error: any Error, _ document: Int) -> YAMLFault {
        let (line, reason): (Int?, String) =
            switch error as? YamlError {
            case .scanner(let context, let problem, let mark, _),
                .parser(let context, let problem, let mark, _),
                .composer(let context, let problem, let mark, _):
                (mark.line, [context?.text, problem].compactMap(\.self).joined(separator: ": "))
            case .duplicatedKeysInMapping(let keys, let context):
                (context.mark.line, "the key \"\(keys.first ?? "")\" is there twice")
            case .reader(let problem, let offset, _, let text):
                (offset.map { text.prefix($0).count { $0.isNewline } + 1 }, problem)
            default: (nil, "cannot be read")
            }
        return YAMLFault(
            document: document,
            line: line,
            path: "",
            reason: "malformed YAML: \(reason)"
        )
    }
}

/// Turns Yams' nodes into values.
private struct Converter {
    let document: Int
    private(set) var lines: [String: Int] = [:]
    private var count = 0

    /// Aliases make a small text a large tree; more values than this are refused.
    private static let maximumValues = 1_000_000

    init(document: Int) {
        self.document = document
    }

    mutating func value(_ node: Node, path: String, depth: Int) throws(YAMLFault) -> JSONValue {
        count += 1
        if lines[path] == nil { lines[path] = node.mark?.line }
        guard count <= Self.maximumValues
        else { throw fault(node, path, "more than \(Self.maximumValues) values; too many aliases") }
        guard depth <= JSONValue.maximumDepth else { throw fault(node, path, "nested too deeply") }
        switch node {
        case .scalar(let scalar): return try self.scalar(scalar, node, path)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for node in sequence {
                elements.append(
                    try value(node, path: "\(path)[\(elements.count)]", depth: depth + 1)
                )
            }
            return .array(elements)
        case .mapping(let mapping): return try self.mapping(mapping, path, depth)
        case .alias: throw fault(node, path, "an alias without its anchor")
        }
    }

    private func scalar(
        _ scalar: Node.Scalar,
        _ node: Node,
        _ path: String
    ) throws(YAMLFault) -> JSONValue {
        switch scalar.tag.description {
        case "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary": return .string(scalar.string)
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null":
            let value = YAMLScalar.resolve(scalar.string)
            guard value.string == nil
            else { throw fault(node, path, "\"\(scalar.string)\" is not of its tag's type") }
            return value
        default:
            return scalar.style == .plain
                ? YAMLScalar.resolve(scalar.string) : .string(scalar.string)
        }
    }

    private mutating func mapping(
        _ mapping: Node.Mapping,
        _ path: String,
        _ depth: Int
    ) throws(YAMLFault) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        var names: Set<String> = []
        var merged: [(key: String, value: JSONValue)] = []
        for (key, node) in mapping {
            guard let scalar = key.scalar
            else { throw fault(key, path, "expected a name as the key") }
            if scalar.string == "<<", scalar.style == .plain {
                merged += try self.merged(node, path, depth)
                continue
            }
            let name = try self.name(scalar, key, path)
            guard names.insert(name).inserted
            else { throw fault(key, path, "the key \"\(name)\" is there twice") }
            let path = joined(path, name)
            lines[path] = key.mark?.line
            members.append((name, try value(node, path: path, depth: depth + 1)))
        }
        return .object(JSONObject(members + merged.filter { names.insert($0.key).inserted }))
    }

    /// Keys are names; a number or a boolean stands for its text.
    private func name(
        _ scalar: Node.Scalar,
        _ key: Node,
        _ path: String
    ) throws(YAMLFault) -> String {
        let value = try self.scalar(scalar, key, path)
        guard !value.isNull else { throw fault(key, path, "expected a name as the key") }
        return value.string ?? value.description
    }

    /// `<<: *base` brings the members of `base` that the mapping does not have itself.
    private mutating func merged(
        _ node: Node,
        _ path: String,
        _ depth: Int
    ) throws(YAMLFault) -> [(key: String, value: JSONValue)] {
        let bases: [Node]
        if case .sequence(let sequence) = node { bases = Array(sequence) } else { bases = [node] }
        var members: [(key: String, value: JSONValue)] = []
        for base in bases {
            guard case .mapping = base,
                let object = try value(base, path: path, depth: depth + 1).object
            else { throw fault(node, path, "<< expects a mapping") }
            members += object.members
        }
        return members
    }

    private func fault(_ node: Node, _ path: String, _ reason: String) -> YAMLFault {
        YAMLFault(document: document, line: node.mark?.line, path: path, reason: reason)
    }
}
