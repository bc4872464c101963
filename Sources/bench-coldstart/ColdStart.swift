import BenchSupport
import Compile
import Dataplane
import JSON
import Linux
import Model

/// One start of a node's policy engine and dataplane.
enum ColdStart {
    /// From the first object taken in to the last map write.
    ///
    /// Objects go as they are taken in, and their memory with them. Before it the objects exist, and the programs are loaded and hang on the links, as when an
    /// agent is replaced; the maps are empty.
    static func measure(_ shape: ClusterShape) async throws -> JSONValue {
        Heap.giveLargeBlocksBack()
        let node = try await BenchNode(locals: shape.localEndpoints)
        let idle = try ResidentMemory.now().resident
        var batches = Array(shape.updates.reversed())
        let objects = try ResidentMemory.now().resident
        let clock = ContinuousClock()
        let start = clock.now
        var compiler = PolicyCompiler(localNode: ClusterShape.localNode)
        for endpoint in shape.localEndpoints {
            try await node.dataplane.register(BenchNode.withMAC(endpoint))
        }
        while let batch = batches.popLast() {
            compiler.take(batch)
            Heap.trim()
        }
        let change = compiler.apply([])
        let compiled = clock.now
        let writes = try await node.carryOut(change, &compiler)
        let end = clock.now
        let peak = try ResidentMemory.now().peak
        try await node.down()
        return [
            "seconds": .double((end - start).seconds),
            "compileSeconds": .double((compiled - start).seconds),
            "writes": .int(Int64(writes)), "peakMegabytes": .double(peak),
            "idleMegabytes": .double(idle), "objectsMegabytes": .double(objects),
        ]
    }
}

/// What the kernel says this process holds, in megabytes of 10^6 bytes: code, libraries, all.
struct ResidentMemory {
    let resident: Double
    let peak: Double

    static func now() throws -> ResidentMemory {
        let status = String(decoding: try File.read("/proc/self/status"), as: UTF8.self)
        func field(_ name: String) -> Double {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            let kibibytes = line?.split { $0 == " " || $0 == "\t" }.dropFirst().first
            return (kibibytes.flatMap { Double($0) } ?? .nan) * 1024 / 1_000_000
        }
        return ResidentMemory(resident: field("VmRSS:"), peak: field("VmHWM:"))
    }
}
