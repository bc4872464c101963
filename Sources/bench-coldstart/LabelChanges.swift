import BenchSupport
import Compile
import Dataplane
import Model

/// Single endpoints of cluster (a) that change a label which policies ask for.
enum LabelChanges {
    /// Milliseconds from each update to the last map write, what needs settling included.
    ///
    /// One of ten changes is of a local endpoint, to which other policies apply then.
    static func measure(_ count: Int) async throws -> [Double] {
        let shape = ClusterShape.tags
        let node = try await BenchNode(locals: shape.localEndpoints)
        var compiler = PolicyCompiler(localNode: ClusterShape.localNode)
        for endpoint in shape.localEndpoints {
            try await node.dataplane.register(BenchNode.withMAC(endpoint))
        }
        for batch in shape.updates { compiler.take(batch) }
        _ = try await node.carryOut(compiler.apply([]), &compiler)
        let clock = ContinuousClock()
        var milliseconds: [Double] = []
        for number in 0..<count {
            let isLocal = number % 10 == 0
            let which = isLocal ? number / 10 % shape.locals : number * 7919 % 250_000
            var endpoint = ClusterShape.endpoint(which, local: isLocal)
            endpoint.labels = ClusterShape.labels(which, marker: which + number + 1)
            let start = clock.now
            let change = compiler.apply([.endpoint(endpoint.id, endpoint)])
            _ = try await node.carryOut(change, &compiler)
            milliseconds.append((clock.now - start).seconds * 1000)
        }
        try await node.down()
        return milliseconds
    }
}
