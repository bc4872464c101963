import Glibc

/// Cases taken from peers, kept beside the repository: the folder `shared/vectors` of the nearest
/// folder above this file that has one.
package enum Vectors {
    package static let folder: String? = {
        var folder = #filePath[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            let candidate = "\(folder)/shared/vectors"
            if access(candidate, R_OK) == 0 { return candidate }
        }
        return nil
    }()

    /// Tests are skipped without the folder, unless `REQUIRE_VECTORS` makes that a failure.
    package static var areWanted: Bool { folder != nil || getenv("REQUIRE_VECTORS") != nil }

    /// The bytes of one file; `nil` when it cannot be read.
    package static func bytes(_ file: String) -> [UInt8]? {
        guard let folder, let stream = fopen("\(folder)/\(file)", "r") else { return nil }
        defer { fclose(stream) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 {
            result += buffer[..<count]
        }
        return result
    }
}
