import CLinux
import Glibc
package import Linux

/// Every frame that any interface of a network namespace sends or receives, from now on.
package final class Capture {
    private let socket: Descriptor
    private var frames: [[UInt8]] = []

    package init(in namespace: borrowing NetworkNamespace) throws {
        let all = UInt16(ETH_P_ALL).bigEndian
        let flags = SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let raw = try namespace.run { () throws(LinuxError) in
            try call("socket") { Glibc.socket(AF_PACKET, Int32(flags), Int32(all)) }
        }
        socket = Descriptor(owning: raw)
    }

    /// Waits, half a second at most, until the frame has been seen.
    package func hasSeen(_ frame: [UInt8]) -> Bool {
        for _ in 0..<50 {
            drain()
            if frames.contains(frame) { return true }
            wait()
        }
        return false
    }

    /// All that has been seen.
    package func all() -> [[UInt8]] {
        drain()
        return frames
    }

    private func wait() {
        socket.withRaw { raw in
            var waiting = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
            _ = poll(&waiting, 1, 10)
        }
    }

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = socket.withRaw { recv($0, &buffer, buffer.count, 0) }
            guard count > 0 else { return }
            frames.append(Array(buffer[..<count]))
        }
    }
}
