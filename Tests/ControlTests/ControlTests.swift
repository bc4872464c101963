import Control
import ControlServer
import Glibc
import JSON
import Linux
import NIOCore
import Support
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ControlTests {
    /// A socket path of its own, with a running server.
    private func withServer(
        _ limits: (inout ControlServer.Limits) -> Void = { _ in },
        handler: @escaping ControlServer.Handler = { .success($0.body) },
        _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let path = temporaryPath()
        var all = ControlServer.Limits()
        all.users = [geteuid()]
        limits(&all)
        let server = ControlServer(path: path, limits: all, handler: handler)
        try await running(server) { try await body(path) }
        unlink("\(path).lock")
    }

    private func running(
        _ server: ControlServer,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
            group.addTask {
                defer { isReady.finish() }
                try await server.run { isReady.finish() }
            }
            for await _ in ready {}
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func temporaryPath() -> String {
        "/tmp/caracal-control-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
    }

    private static func ask(
        _ path: String,
        _ body: JSONValue,
        timeout: Duration = .seconds(20)
    ) async throws -> ControlResponse {
        try await offPool {
            var client = try ControlClient(path: path)
            return try client.call(ControlRequest(verb: "echo", body: body), timeout: timeout)
        }
    }

    @Test("requests are answered, several on one connection")
    func answers() async throws {
        try await withServer { path in
            try await offPool {
                var client = try ControlClient(path: path)
                for number in 0..<10 {
                    let request = ControlRequest(verb: "echo", body: .int(Int64(number)))
                    let response = try client.call(request, timeout: .seconds(20))
                    #expect(response == .success(.int(Int64(number))))
                }
            }
        }
    }

    @Test("large answers pass")
    func large() async throws {
        let text = JSONValue.string(String(repeating: "x", count: 3 << 20))
        try await withServer(handler: { _ in .success(text) }) { path in
            let response = try await Self.ask(path, .null)
            #expect(response == .success(text))
        }
    }

    @Test("two hundred clients at once, and one that waits hinders nobody")
    func many() async throws {
        let gate = AsyncStream.makeStream(of: Void.self)
        let handler: ControlServer.Handler = { request in
            if request.body == "wait" { for await _ in gate.stream {} }
            return .success(request.body)
        }
        try await withServer(handler: handler) { path in
            try await withThrowingTaskGroup(of: ControlResponse.self) { group in
                group.addTask { try await Self.ask(path, "wait") }
                for number in 0..<200 {
                    group.addTask { try await Self.ask(path, .int(Int64(number))) }
                }
                var answers: Set<ControlResponse> = []
                while answers.count < 200, let answer = try await group.next() {
                    answers.insert(answer)
                }
                #expect(answers == Set((0..<200).map { .success(.int($0)) }))
                gate.continuation.finish()
                let last = try await group.next()
                #expect(last == .success("wait"))
            }
        }
    }

    @Test("the socket is for its owner alone")
    func mode() async throws {
        try await withServer { path in
            var status = stat()
            _ = try call("stat") { stat(path, &status) }
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test("users who are not allowed are shown the door")
    func users() async throws {
        try await withServer({ $0.users = [54321] }) { path in
            await #expect(throws: ControlError.disconnected(path: path)) {
                _ = try await Self.ask(path, .null)
            }
        }
    }

    struct Nonsense: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
    }

    static let nonsense = [
        Nonsense(testDescription: "HTTP", bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8)),
        Nonsense(testDescription: "zeros", bytes: [UInt8](repeating: 0, count: 1000)),
        Nonsense(testDescription: "no JSON", bytes: [0, 0, 0, 2, 0x7b, 0x7b]),
        Nonsense(testDescription: "no verb", bytes: ControlFrames.encode(["x": 1])),
        Nonsense(
            testDescription: "deep JSON",
            bytes: [0, 0, 0x20, 0] + [UInt8](repeating: 0x5b, count: 0x2000)
        ),
    ]

    @Test("nonsense is answered with an error and a closed connection", arguments: nonsense)
    func garbage(_ c: Nonsense) async throws {
        try await withServer { path in
            let answer = try await offPool { try RawClient(path).exchange(c.bytes) }
            var frames = ControlFrames(limit: 1 << 20)
            frames.append(answer)
            let json = try #require(try frames.next())
            guard case .failure? = ControlResponse(json: json) else {
                Issue.record("no error: \(json)")
                return
            }
            let after = try await Self.ask(path, "still there")
            #expect(after == .success("still there"))
        }
    }

    @Test("a client that stops in the middle of a request is cut off")
    func partial() async throws {
        try await withServer({ $0.patience = .milliseconds(200) }) { path in
            let answer = try await offPool { try RawClient(path).exchange([0, 0, 0, 50, 0x7b]) }
            #expect(answer.isEmpty)
        }
    }

    @Test("a client that does not fetch its answer is cut off")
    func unread() async throws {
        let text = JSONValue.string(String(repeating: "x", count: 8 << 20))
        let handler: ControlServer.Handler = { _ in .success(text) }
        try await withServer({ $0.patience = .milliseconds(200) }, handler: handler) { path in
            let client = try RawClient(path)
            try client.send(ControlFrames.encode(ControlRequest(verb: "x").json))
            try await eventually(true) { client.isClosedByPeer() }
        }
    }

    @Test("a client that goes away while its request runs does no harm")
    func disconnect() async throws {
        let started = AsyncStream.makeStream(of: Void.self)
        let gone = AsyncStream.makeStream(of: Void.self)
        let handler: ControlServer.Handler = { request in
            if request.verb == "x" {
                started.continuation.yield()
                for await _ in gone.stream {}
            }
            return .success(request.body)
        }
        try await withServer(handler: handler) { path in
            var starts = started.stream.makeAsyncIterator()
            for _ in 0..<20 {
                let client = try RawClient(path)
                try client.send(ControlFrames.encode(ControlRequest(verb: "x").json))
                await starts.next()
                client.close()
            }
            gone.continuation.finish()
            let after = try await Self.ask(path, "still there")
            #expect(after == .success("still there"))
        }
    }

    @Test("connections over the limit are closed, and room is made again")
    func tooMany() async throws {
        try await withServer({ $0.connections = 2 }) { path in
            let first = try RawClient(path)
            let second = try RawClient(path)
            for client in [first, second] {
                try client.send(ControlFrames.encode(ControlRequest(verb: "x").json))
                try await eventually(true) { client.hasData() }
            }
            await #expect(throws: ControlError.disconnected(path: path)) {
                _ = try await Self.ask(path, .null)
            }
            first.close()
            try await eventually(true) { (try? await Self.ask(path, .null)) != nil }
            second.close()
        }
    }

    // MARK: The path

    @Test("a socket left by an agent that died is replaced; a living one's is not")
    func stale() async throws {
        let path = temporaryPath()
        let dead = try ControlSocket.open(nonblocking: false)
        try ControlSocket.withAddress(of: path) { address, length throws(LinuxError) in
            try dead.withRaw { raw throws(LinuxError) in
                _ = try call("bind") { bind(raw, address, length) }
            }
        }
        _ = consume dead
        #expect(throws: ControlError.notRunning(path: path)) { _ = try ControlClient(path: path) }

        var limits = ControlServer.Limits()
        limits.users = [geteuid()]
        let server = ControlServer(path: path, limits: limits) { .success($0.body) }
        let other = ControlServer(path: path, limits: limits) { _ in .success("other") }
        try await running(server) {
            let expected = LinuxError(call: "lock", object: "\(path).lock", errno: EADDRINUSE)
            await #expect(throws: expected) { try await other.run() }
            let answer = try await Self.ask(path, "first")
            #expect(answer == .success("first"))
        }
        #expect(access(path, F_OK) == -1, "the socket goes with its server")
        unlink("\(path).lock")
    }

    @Test("a file that is no socket is left alone")
    func noSocket() async throws {
        let path = temporaryPath()
        _ = try Descriptor(opening: path, O_WRONLY | O_CREAT)
        let server = ControlServer(path: path) { .success($0.body) }
        await #expect(throws: LinuxError(call: "listen", object: path, errno: ENOTSOCK)) {
            try await server.run()
        }
        #expect(access(path, F_OK) == 0)
        unlink(path)
        unlink("\(path).lock")
    }

    @Test("no agent, a path too long, and an agent that never answers")
    func noAgent() async throws {
        #expect(throws: ControlError.notRunning(path: "/nonexistent/x.sock")) {
            _ = try ControlClient(path: "/nonexistent/x.sock")
        }
        let long = "/tmp/" + String(repeating: "x", count: 120)
        #expect(throws: ControlError.self) { _ = try ControlClient(path: long) }
        let handler: ControlServer.Handler = { _ in
            // Ends by being cancelled with the server.
            try? await Task.sleep(for: .seconds(3600))
            return .success(.null)
        }
        try await withServer(handler: handler) { path in
            await #expect(throws: ControlError.timedOut(path: path)) {
                _ = try await Self.ask(path, .null, timeout: .milliseconds(50))
            }
        }
    }
}
