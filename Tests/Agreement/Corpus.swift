package import Foundation
package import JSON
import Model

/// Cases that failed once, each a file of its own that is played again in every run of the tests.
package struct Corpus: Sendable {
    package let folder: URL

    /// `Tests/Corpus/agreement` of this repository.
    package static let repository = Corpus(
        folder: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Corpus/agreement")
    )

    package init(folder: URL) {
        self.folder = folder
    }

    /// All rows with their file's name, in the order of the names.
    package func rows() throws -> [(name: String, history: History)] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try names.filter { $0.hasSuffix(".json") }.sorted().map { name in
            let data = try Data(contentsOf: folder.appending(path: name))
            return (name, try History(json: JSONValue(parsing: [UInt8](data))))
        }
    }

    /// Keeps a failing case; its name is a digest of what it does, so that it is kept once.
    @discardableResult
    package func keep(_ history: History, problem: String) throws -> URL {
        let digest = SHA1.digest(of: history.json.bytes()).prefix(6)
        let name = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let url = folder.appending(path: name + ".json")
        var row = history.json
        row["problem"] = .string(problem)
        try Data(row.bytes(indentation: 1)).write(to: url)
        return url
    }
}

extension History: JSONRepresentable {
    package init(json: JSONValue) throws {
        var bounds = Bounds()
        if let limit = json["verdictLimit"]?.int { bounds.limit = Int(limit) }
        if let budget = json["verdictBudget"]?.int { bounds.budget = Int(budget) }
        self.init(
            batches: try [[Update]](json: json["batches"] ?? .null),
            questions: try [Case](json: json["questions"] ?? .null),
            bounds
        )
    }

    package var json: JSONValue {
        var json: JSONValue = ["batches": batches.json, "questions": questions.json]
        if bounds.limit != Bounds().limit { json["verdictLimit"] = .int(Int64(bounds.limit)) }
        if bounds.budget != Bounds().budget { json["verdictBudget"] = .int(Int64(bounds.budget)) }
        return json
    }
}
