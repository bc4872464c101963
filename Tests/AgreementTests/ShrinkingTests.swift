import Agreement
import Foundation
import JSON
import Model
import Testing

/// A failing case becomes small, is kept, and says the same when it is read again.
@Suite struct ShrinkingTests {
    /// As if a voice were wrong about a protocol that a rule refuses.
    private static func fails(_ history: History) -> Bool {
        let refuses = history.batches.joined().contains { update in
            guard case .policy(_, let policy?) = update else { return false }
            return policy.ingress.contains { $0.notProtocol == .udp }
        }
        return refuses && history.questions.contains { $0.flow.protocol == .udp }
    }

    private static func failing() -> History {
        var seed: UInt64 = 1
        while true {
            var world = RandomWorld(seed: seed)
            let history = History(&world, .dense)
            if fails(history) { return history }
            seed += 1
        }
    }

    @Test func `what does not matter goes`() throws {
        let least = Self.failing().minimised(failing: Self.fails)
        #expect(Self.fails(least))
        #expect(least.questions.count == 1)
        let updates = least.batches.flatMap { $0 }
        #expect(updates.count == 1)
        guard case .policy(let id, let policy?) = updates.first else {
            Issue.record("\(updates)")
            return
        }
        var rule = Rule(policy.ingress[0].action)
        rule.notProtocol = .udp
        let expected = Policy(
            id: id,
            ingress: [rule],
            appliesToIngress: false,
            appliesToEgress: false
        )
        #expect(policy == expected)
    }

    @Test func `what fails in no way stays as it is`() {
        let history = Self.failing()
        #expect(history.minimised { $0 == history } == history)
    }

    @Test func `a kept case is read as it was`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "caracal-corpus-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let corpus = Corpus(folder: folder)
        var kept: [History] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            var world = RandomWorld(seed: seed)
            let history = History(&world, seed % 2 == 0 ? .dense : .bulk)
            try corpus.keep(history, problem: "none")
            try corpus.keep(history, problem: "the same again")
            kept.append(history)
        }
        let rows = try corpus.rows().map(\.history)
        #expect(rows.count == kept.count)
        #expect(Set(rows) == Set(kept))
    }

    @Test(
        arguments: [
            #"{"batches": [[{"policy": "NoKind x", "is": null}]], "questions": []}"#,
            #"{"batches": [[{"tier": "a", "is": {"colour": "red"}}]], "questions": []}"#,
            #"{"batches": 1, "questions": []}"#, #"{"questions": []}"#, "[]",
        ]
    )
    func `a row that says nothing sensible is refused`(_ text: String) {
        #expect(throws: CorpusError.self) { try History(json: JSONValue(parsing: text)) }
    }
}
