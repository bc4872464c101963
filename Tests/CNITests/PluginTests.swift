import CNI
import Control
import ControlServer
import Glibc
import JSON
import Linux
import Synchronization
import Testing

/// The whole way: a runtime's call of the process, the socket, an agent's answer.
@Suite
struct PluginTests {
    private static let environment = [
        "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/x",
        "CNI_IFNAME": "eth0", "CNI_ARGS": "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0",
    ]

    private static func input(_ version: String, _ more: String = "") -> [UInt8] {
        Array(#"{"cniVersion": "\#(version)", "name": "net", "type": "caracal-cni"\#(more)}"#.utf8)
    }

    /// Runs the plugin while an agent answers.
    private func run(
        _ changes: [String: String],
        _ input: [UInt8],
        _ handler: @escaping ControlServer.Handler
    ) async throws -> PluginProcess {
        let path = "/tmp/caracal-plugin-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        var limits = ControlServer.Limits()
        limits.users = [geteuid()]
        let server = ControlServer(path: path, limits: limits, handler: handler)
        let environment = Self.environment.merging(["CARACAL_AGENT_SOCKET": path]) { $1 }
            .merging(changes) { $1 }
        let result = Mutex<PluginProcess?>(nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
            group.addTask { try await server.run { isReady.finish() } }
            for await _ in ready {}
            let process = try await offPool {
                try PluginProcess(environment: environment, input: input)
            }
            result.withLock { $0 = process }
            group.cancelAll()
            try await group.waitForAll()
        }
        unlink("\(path).lock")
        let process = result.withLock { $0 }
        return try #require(process)
    }

    @Test("ADD prints the agent's result", arguments: CNIVersion.allCases.map(\.rawValue))
    func add(_ version: String) async throws {
        let seen = Mutex<CNIRequest?>(nil)
        let plugin = try await run([:], Self.input(version)) { request in
            seen.withLock { $0 = try? CNIRequest(json: request.body) }
            return .success(["cniVersion": .string(version), "ips": []])
        }
        #expect(plugin.status == 0)
        #expect(plugin.json == ["cniVersion": .string(version), "ips": []])
        let received = seen.withLock { $0 }
        let request = try #require(received)
        #expect(request.invocation.pod?.name == "web-0")
        #expect(request.invocation.namespacePath == "/run/netns/x")
        #expect(request.configuration.version.rawValue == version)
    }

    @Test("DEL, CHECK, STATUS and GC print nothing", arguments: ["DEL", "CHECK", "STATUS", "GC"])
    func silent(_ command: String) async throws {
        let input = Self.input("1.1.0", #", "prevResult": {}"#)
        let plugin = try await run(["CNI_COMMAND": command], input) { _ in .success(.null) }
        #expect(plugin.status == 0)
        #expect(plugin.output.isEmpty)
    }

    @Test("the agent's error is the plugin's")
    func agentError() async throws {
        let plugin = try await run([:], Self.input("1.0.0")) { _ in
            .failure(ControlFailure(code: 100, message: "no address", details: "pool full"))
        }
        #expect(plugin.status == 1)
        #expect(
            plugin.json == [
                "cniVersion": "1.0.0", "code": 100, "msg": "no address", "details": "pool full",
            ]
        )
    }

    @Test("an agent that is too slow means try again later")
    func slowAgent() async throws {
        let input = Self.input("1.0.0", #", "agent_timeout_seconds": 1"#)
        let plugin = try await run([:], input) { _ in
            try? await Task.sleep(for: .seconds(60))
            return .success(.null)
        }
        #expect(plugin.status == 1)
        #expect(plugin.json?["code"] == 11)
    }

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let changes: [String: String]
        let input: [UInt8]
        let code: Int64
    }

    static let failures: [Case] = [
        Case(testDescription: "ADD", changes: [:], input: input("1.0.0"), code: 11),
        Case(
            testDescription: "DEL",
            changes: ["CNI_COMMAND": "DEL"],
            input: input("1.0.0"),
            code: 11
        ),
        Case(
            testDescription: "GC",
            changes: ["CNI_COMMAND": "GC"],
            input: input("1.1.0"),
            code: 11
        ),
        Case(
            testDescription: "STATUS says that the plugin is not available",
            changes: ["CNI_COMMAND": "STATUS"],
            input: input("1.1.0"),
            code: 50
        ),
        Case(
            testDescription: "a socket in the configuration wins",
            changes: [:],
            input: input("1.0.0", #", "agent_socket": "/nonexistent/other.sock""#),
            code: 11
        ),
        Case(testDescription: "no input", changes: [:], input: [], code: 6),
        Case(
            testDescription: "a version of tomorrow",
            changes: [:],
            input: input("9.0.0"),
            code: 1
        ),
        Case(
            testDescription: "CHECK before its time",
            changes: ["CNI_COMMAND": "CHECK"],
            input: input("0.3.1"),
            code: 1
        ),
        Case(
            testDescription: "no container id",
            changes: ["CNI_CONTAINERID": ""],
            input: input("1.0.0"),
            code: 4
        ),
        Case(
            testDescription: "endless input",
            changes: [:],
            input: [UInt8](repeating: 0x20, count: 3 << 20),
            code: 5
        ),
        Case(
            testDescription: "bytes that are no text",
            changes: [:],
            input: [0xff, 0xfe, 0x00],
            code: 6
        ),
    ]

    @Test("without an agent, each failure has its code and prints JSON", arguments: failures)
    func withoutAgent(_ c: Case) throws {
        let environment = Self.environment.merging(["CARACAL_AGENT_SOCKET": "/nonexistent/a.sock"])
        {
            $1
        }
        let plugin = try PluginProcess(
            environment: environment.merging(c.changes) { $1 },
            input: c.input
        )
        #expect(plugin.status == 1)
        #expect(plugin.json?["code"] == .int(c.code), "\(plugin.json?.description ?? "no JSON")")
        #expect(plugin.json?["cniVersion"]?.string != nil)
    }

    @Test("VERSION needs no agent", arguments: ["", #"{"cniVersion": "0.4.0"}"#])
    func version(_ input: String) throws {
        let plugin = try PluginProcess(
            environment: ["CNI_COMMAND": "VERSION"],
            input: Array(input.utf8)
        )
        #expect(plugin.status == 0)
        #expect(plugin.json?["cniVersion"] == (input.isEmpty ? "1.1.0" : "0.4.0"))
        let supported = plugin.json?["supportedVersions"]?.array?.compactMap(\.string)
        #expect(supported == CNIVersion.allCases.map(\.rawValue))
    }
}
