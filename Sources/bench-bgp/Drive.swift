import Glibc
import Linux
import Model

/// What a run gave.
struct Measurement {
    var seconds: Double
    /// Resident memory of the speaker when all routes have been passed on, and its highest.
    var residentMiB: Double
    var peakMiB: Double
    var updates: Int
}

/// One peer sends all routes, another gets them.
struct Drive {
    var target = Address(v4: 0x7f00_0002)
    var port: UInt16 = 1790
    var sender = Address(v4: 0x7f00_0003)
    var receiver = Address(v4: 0x7f00_0004)
    var senderAS: UInt32 = 65003
    var receiverAS: UInt32 = 65004
    var routes = 500_000
    var perUpdate = 10

    func run(speaker pid: Int32) throws -> Measurement {
        let bytes = Load.updates(
            routes: routes,
            perUpdate: perUpdate,
            nextHop: sender,
            autonomousSystem: senderAS
        )
        let receiving = try RawPeer(
            from: receiver,
            autonomousSystem: receiverAS,
            to: target,
            port: port
        )
        let sending = try RawPeer(
            from: sender,
            autonomousSystem: senderAS,
            to: target,
            port: port
        )
        try sending.drain()
        let clock = ContinuousClock()
        let start = clock.now
        try startThread {
            try? sending.send(bytes)
            while (try? sending.keepAlive()) != nil {
                try? receiving.keepAlive()
                sleep(20)
            }
        }
        let counter = try receive(receiving)
        let passed = clock.now - start
        let seconds =
            Double(passed.components.seconds) + Double(passed.components.attoseconds) / 1e18
        return Measurement(
            seconds: seconds,
            residentMiB: try Self.memory(pid, "VmRSS:"),
            peakMiB: try Self.memory(pid, "VmHWM:"),
            updates: counter.updates
        )
    }

    private func receive(_ peer: RawPeer) throws -> PrefixCounter {
        var counter = PrefixCounter()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 8)
        defer { buffer.deallocate() }
        while counter.announced < routes {
            let count = try peer.receive(into: buffer)
            guard count > 0 else {
                throw BenchError("closed after \(counter.announced) of \(routes) routes")
            }
            counter.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return counter
    }

    /// A line of `/proc/PID/status`, which counts in KiB.
    private static func memory(_ pid: Int32, _ name: String) throws -> Double {
        let text = String(decoding: try File.read("/proc/\(pid)/status"), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            if words.count > 1, let kib = Double(words[1]) { return kib / 1024 }
        }
        throw BenchError("no \(name) of process \(pid)")
    }
}
