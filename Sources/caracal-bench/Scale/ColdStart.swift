import Cluster
import Compile
import Dataplane
import Foundation
import Model

/// From all objects in memory to the last entry of the kernel's maps, in a process of its own for
/// each shape of cluster, so that the peak of its memory is the shape's alone.
struct ColdStart {
    /// What one such process found.
    struct Finding: Codable {
        /// From the first object taken in to the last map write; the objects exist, nothing else does.
        var seconds: Double
        /// Of these: taking in and compiling.
        var compileSeconds: Double
        /// Entries written.
        var writes: Int
        /// Of the whole process, its code and the objects included.
        var peakMegabytes: Double
        /// The same before the first object was made: code, libraries, loaded programs.
        var idleMegabytes: Double
        /// Resident when all objects are there and nothing has been taken in.
        var objectsMegabytes: Double
    }

    let shapes: [ClusterShape]
    let rounds: Int

    func run() async throws -> [Row] {
        try shapes.flatMap { shape -> [Row] in
            let findings = try (0..<rounds).map { _ in try Self.start(shape) }
            let name = "cold start (\(shape.rawValue))"
            for finding in findings { progress("\(name): \(finding)") }
            return [
                .limit(
                    "\(name), to the last map write",
                    findings.map(\.seconds).median,
                    atMost: shape.bar.seconds,
                    "s"
                ),
                .limit(
                    "\(name), peak resident",
                    findings.map(\.peakMegabytes).median,
                    atMost: shape.bar.megabytes,
                    "MB"
                ),
            ]
        }
    }

    private static func start(_ shape: ClusterShape) throws -> Finding {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe")
        process.arguments = ["coldstart", "--in-child", "--shape", shape.rawValue]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ClusterError(
                "cold start (\(shape.rawValue)) ended with \(process.terminationStatus)"
            )
        }
        return try JSONDecoder().decode(Finding.self, from: output)
    }

    // MARK: In the child

    /// Measures one shape in this process and writes the finding to standard output.
    static func child(_ shape: ClusterShape) async throws {
        let finding = try await measure(shape)
        FileHandle.standardOutput.write(try JSONEncoder().encode(finding))
    }

    private static func measure(_ shape: ClusterShape) async throws -> Finding {
        let locals = shape.localEndpoints
        let node = try await BenchNode(locals: locals)
        let idle = try ResidentMemory.now().resident
        var batches = Array(shape.updates.reversed())
        let objects = try ResidentMemory.now().resident
        let clock = ContinuousClock()
        let start = clock.now
        var compiler = PolicyCompiler(localNode: ClusterShape.localNode)
        for endpoint in locals { try await node.dataplane.register(BenchNode.withMAC(endpoint)) }
        while let batch = batches.popLast() { compiler.take(batch) }
        let change = compiler.apply([])
        let compiled = clock.now
        var writes = try await node.dataplane.apply(change).mapWrites
        while compiler.needsSettling {
            writes += try await node.dataplane.apply(compiler.apply([])).mapWrites
        }
        let end = clock.now
        let peak = try ResidentMemory.now().peak
        try await node.down()
        return Finding(
            seconds: (end - start).seconds,
            compileSeconds: (compiled - start).seconds,
            writes: writes,
            peakMegabytes: peak,
            idleMegabytes: idle,
            objectsMegabytes: objects
        )
    }
}

extension ClusterShape {
    /// Those of this node.
    var localEndpoints: [Endpoint] {
        (0..<locals).map { Self.endpoint($0, local: true) }
    }
}

/// What the kernel says this process holds, in megabytes of 10^6 bytes.
struct ResidentMemory {
    let resident: Double
    let peak: Double

    static func now() throws -> ResidentMemory {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        func field(_ name: String) throws -> Double {
            guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
                let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
            else { throw ClusterError("no \(name) in /proc/self/status") }
            return kibibytes * 1024 / 1_000_000
        }
        return ResidentMemory(resident: try field("VmRSS:"), peak: try field("VmHWM:"))
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
    var milliseconds: Double { self / .milliseconds(1) }
}
