import Control
import ControlServer
import Foundation
import JSON
import Synchronization

/// An agent's socket that answers what a test says, for what commands make of it.
final class CannedAgent: Sendable {
    typealias Answer = @Sendable (JSONValue) -> ControlResponse

    let path: String
    private let answers: [String: Answer]

    init(_ answers: [String: Answer]) {
        path = FileManager.default.temporaryDirectory.appending(path: "agent-\(UUID()).sock").path
        self.answers = answers
    }

    /// One that gives the same JSON to a verb whatever is asked.
    convenience init(_ verb: String, _ json: String) throws {
        let value = try JSONValue(parsing: json)
        self.init([verb: { _ in .success(value) }])
    }

    /// Listens for as long as `body` runs.
    func serve<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
        let (listening, isListening) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let answers = answers
            let server = ControlServer(path: path) { request in
                answers[request.verb]?(request.body)
                    ?? .failure(ControlFailure(code: 1, message: "unknown verb \(request.verb)"))
            }
            group.addTask { try await server.run { isListening.finish() } }
            for await _ in listening {}
            defer { group.cancelAll() }
            return try await body()
        }
    }
}
