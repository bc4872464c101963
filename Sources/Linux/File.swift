import Glibc

/// Small files in one call, as `/proc` and `/sys` want them.
package enum File {
    /// The first `limit` bytes of a file.
    package static func read(_ path: String, limit: Int = 1 << 20) throws(LinuxError) -> [UInt8] {
        let file = try Descriptor(opening: path, O_RDONLY)
        return try file.read(limit: limit, from: path)
    }

    /// Writes the whole of `text` over an existing file.
    package static func overwrite(_ path: String, with text: String) throws(LinuxError) {
        let file = try Descriptor(opening: path, O_WRONLY)
        let bytes = Array(text.utf8)
        let count = try file.withRaw { raw throws(LinuxError) in
            try call("write", on: path) { write(raw, bytes, bytes.count) }
        }
        guard count == bytes.count else {
            throw LinuxError(call: "write", object: path, errno: EIO)
        }
    }
}

extension Descriptor {
    /// Reads up to the end, or `limit` bytes when there are more.
    package borrowing func read(
        limit: Int,
        from object: @autoclosure () -> String = ""
    ) throws(LinuxError) -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 16384))
        while result.count < limit {
            let count = try withRaw { raw throws(LinuxError) in
                try call("read", on: object()) {
                    Glibc.read(raw, &chunk, min(chunk.count, limit - result.count))
                }
            }
            if count == 0 { break }
            result += chunk[..<count]
        }
        return result
    }
}
