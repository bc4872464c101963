import Foundation
import JSON

/// A file of cases: `{"header": {…}, "cases": [one case a line]}`.
struct VectorFile {
    let name: String
    let header: JSONValue
    let cases: [VectorCase]

    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw VectorError("\(path): cannot be read")
        }
        let root = try JSONValue(parsing: [UInt8](data))
        name = path.split(separator: "/").last.map { String($0) } ?? path
        header = root["header"] ?? [:]
        cases = try root.list("cases").map { VectorCase(id: try $0.text("id"), value: $0) }
    }

    /// Whether the file's name, or the first case's members, are those of a family.
    func isNamed(_ family: String, orHas members: [String]) -> Bool {
        if name.hasPrefix(family) { return true }
        guard let first = cases.first?.value else { return false }
        return members.allSatisfy { first[$0] != nil }
    }
}

struct VectorCase {
    let id: String
    let value: JSONValue
}

/// A vector file that does not have the form its readme describes.
struct VectorError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension JSONValue {
    func member(_ key: String) throws -> JSONValue {
        guard let member = self[key] else { throw VectorError("a case lacks '\(key)'") }
        return member
    }

    func text(_ key: String) throws -> String {
        guard let text = try member(key).string else { throw VectorError("'\(key)' is no string") }
        return text
    }

    func list(_ key: String) throws -> [JSONValue] {
        guard let list = try member(key).array else { throw VectorError("'\(key)' is no list") }
        return list
    }

    /// The elements of a list that may be absent.
    func elements(_ key: String) -> [JSONValue] { self[key]?.array ?? [] }

    func texts(_ key: String) -> [String] { elements(key).compactMap(\.string) }

    func number(_ key: String) -> Int? { self[key]?.int.map { Int($0) } }

    /// The members of an object of strings.
    var labels: [String: String] {
        var labels: [String: String] = [:]
        for (key, value) in object?.members ?? [] { labels[key] = value.string }
        return labels
    }
}
