import CNI
import Control
import Glibc
import JSON
import Linux

/// Standard input.
enum Input {
    /// Everything there is, up to what the agent would take.
    static func readAll() throws(CNIError) -> [UInt8] {
        let limit = ControlFrames.requestLimit / 2
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count <= limit {
            let count: Int
            do throws(LinuxError) {
                count = try call("read", on: "standard input") { read(0, &chunk, chunk.count) }
            } catch {
                throw CNIError(
                    .inputOutput,
                    "cannot read the network configuration",
                    details: "\(error)"
                )
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        throw CNIError(
            .inputOutput,
            "the network configuration is too long",
            details: "more than \(limit) bytes"
        )
    }
}

/// Standard output.
enum Output {
    static func print(_ json: JSONValue) {
        let bytes = json.bytes(indentation: 4) + [0x0a]
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            // With nobody to read it, there is nobody to tell.
            guard count > 0 || errno == EINTR else { return }
            written += max(count, 0)
        }
    }
}
