internal import CNI
internal import Control
internal import IPAM
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Testing

@testable internal import Agent

@Suite("health")
struct HealthTests {
    @Test("not ready before every part has said so")
    func starting() {
        let health = Health([.store, .dataplane])
        #expect(health.liveness().isGood)
        #expect(!health.readiness().isGood)
        health.report(.store, isReady: true)
        #expect(!health.readiness().isGood)
        health.report(.dataplane, isReady: true)
        #expect(health.readiness().isGood)
    }

    @Test("a part that is silent for too long is neither ready nor alive")
    func silence() {
        let health = Health([.store], timeouts: [.store: .seconds(10)])
        let start = ContinuousClock.now
        health.report(.store, isReady: true, now: start)
        #expect(health.readiness(now: start + .seconds(10)).isGood)
        let late = health.liveness(now: start + .seconds(11))
        #expect(!late.isGood)
        #expect(late.text.contains("no report for 11 s"))
    }

    @Test("a degraded part is ready and says why")
    func degraded() {
        let health = Health([.resources])
        health.report(.resources, isReady: true, isDegraded: true, "Tier(x): bad")
        #expect(health.readiness().isGood)
        #expect(health.readiness().text == "resources: degraded - Tier(x): bad\n")
    }
}

@Suite("metrics")
struct MetricsTests {
    @Test("the text is Prometheus'")
    func text() {
        let metrics = Metrics()
        metrics.add(.mapWrites, 2, ["map": "cara_a"])
        metrics.add(.mapWrites, 3, ["map": "cara_a"])
        metrics.set(.localEndpoints, 7)
        metrics.observe(.batchSize, 1.5)
        metrics.observe(.batchSize, 2)
        let text = metrics.text()
        #expect(text.contains("# TYPE caracal_map_writes_total counter\n"))
        #expect(text.contains("caracal_map_writes_total{map=\"cara_a\"} 5\n"))
        #expect(text.contains("felix_active_local_endpoints 7\n"))
        #expect(text.contains("felix_int_dataplane_msg_batch_size_sum 3.5\n"))
        #expect(text.contains("felix_int_dataplane_msg_batch_size_count 2\n"))
    }

    @Test("label values are escaped")
    func escaping() {
        let metrics = Metrics()
        metrics.set(.drops, 1, ["reason": "a\"b\\c\nd"])
        #expect(metrics.text().contains(#"{reason="a\"b\\c\nd"} 1"#))
    }
}

@Suite("log lines")
struct LineLogTests {
    @Test("one line a message, values quoted where they must be")
    func line() {
        let line = LineLog.line(
            now: Timestamp(seconds: 0),
            level: .warning,
            label: "policy",
            message: "a \"b\"\nc",
            metadata: ["object": "Tier(x)", "n": "1 2"]
        )
        #expect(
            line == "time=1970-01-01T00:00:00Z level=warning part=policy msg=\"a \\\"b\\\"\\nc\" "
                + "n=\"1 2\" object=Tier(x)\n"
        )
    }

    @Test("Felix's severities", arguments: [("Info", Logger.Level.info), ("fatal", .critical)])
    func severity(text: String, level: Logger.Level) {
        #expect(Logger.Level(severity: text) == level)
        #expect(Logger.Level(severity: "loud") == nil)
    }
}

@Suite("status over HTTP")
struct StatusServerTests {
    private func ask(_ port: Int, _ request: String) async throws -> String {
        let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        return try await client.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var answer = ""
            for try await part in inbound { answer += String(buffer: part) }
            return answer
        }
    }

    @Test(
        "each path with its status",
        arguments: [
            ("GET /liveness HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "200", "fine\n"),
            ("GET /readiness?x=1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "503", "no\n"),
            ("HEAD /liveness HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "200", ""),
            ("GET /else HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "404", "no such path\n"),
            (
                "POST /liveness HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "405",
                "only GET and HEAD\n"
            ),
        ]
    )
    func paths(request: String, status: String, body: String) async throws {
        let server = StatusServer(
            host: "127.0.0.1",
            port: 0,
            routes: [
                "/liveness": { StatusServer.Reply("fine\n") },
                "/readiness": { StatusServer.Reply(isGood: false, "no\n") },
            ]
        )
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { continuation.yield($0) } }
            for await port in ports {
                let answer = try await ask(port, request)
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
                #expect(answer.hasSuffix("\r\n\r\n\(body)"))
                break
            }
            group.cancelAll()
        }
    }
}
