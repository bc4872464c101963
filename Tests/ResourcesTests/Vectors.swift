import Foundation
import JSON
import Testing

/// Cases taken from peers, kept beside the repository: `shared/vectors` of the nearest folder above
/// this file that has one.
enum Vectors {
    static let folder: String? = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appending(path: "shared/vectors").path
            if FileManager.default.fileExists(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        return nil
    }()

    /// Tests are skipped without the folder, unless `REQUIRE_VECTORS=1` makes that a failure.
    static var areWanted: Bool {
        folder != nil || ProcessInfo.processInfo.environment["REQUIRE_VECTORS"] == "1"
    }

    static func cases(_ file: String) throws -> [JSONValue] {
        let folder = try #require(folder, "no folder shared/vectors above the package")
        let contents = FileManager.default.contents(atPath: "\(folder)/\(file)")
        let document = try JSONValue(parsing: Array(try #require(contents)))
        return try #require(document["cases"]?.array)
    }
}
