import Control
import JSON
import Support
import Testing

@Suite
struct FrameTests {
    static let messages: [JSONValue] = [
        ControlRequest(verb: "cni", body: ["a": 1]).json,
        ControlResponse.success(.null).json,
        ControlResponse.failure(ControlFailure(code: 11, message: "later", details: "why")).json,
        .string(String(repeating: "x", count: 5000)),
    ]

    @Test("messages come out whole however the stream was cut")
    func splits() throws {
        let stream = Self.messages.flatMap { ControlFrames.encode($0) }
        let seed: UInt64 = 11
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        for round in 0..<200 {
            var frames = ControlFrames(limit: 1 << 20)
            var out: [JSONValue] = []
            var index = 0
            while index < stream.count {
                // The first round goes byte by byte.
                let step = round == 0 ? 1 : Int.random(in: 1...3000, using: &random)
                let end = min(index + step, stream.count)
                frames.append(stream[index..<end])
                while let message = try frames.next() { out.append(message) }
                index = end
            }
            #expect(out == Self.messages)
        }
    }

    @Test("a length over the limit is refused before the body comes")
    func tooLarge() throws {
        var frames = ControlFrames(limit: 16)
        frames.append([0, 0, 0, 17])
        #expect(throws: ControlFrameError.tooLarge(bytes: 17, limit: 16)) { try frames.next() }
        var huge = ControlFrames(limit: 16)
        huge.append([0xff, 0xff, 0xff, 0xff])
        #expect(throws: ControlFrameError.self) { try huge.next() }
        var empty = ControlFrames(limit: 16)
        empty.append([0, 0, 0, 0])
        #expect(throws: ControlFrameError.self, "an empty message is no JSON") { try empty.next() }
    }

    @Test("random bytes are refused or waited on, never trapped on")
    func garbage() {
        let seed: UInt64 = 12
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            var frames = ControlFrames(limit: 64)
            let bytes = random.some(upTo: 80) { UInt8.random(in: 0...255, using: &$0) }
            // Short lengths, so that bodies are reached.
            frames.append([0, 0, 0, UInt8.random(in: 0...70, using: &random)] + bytes)
            _ = try? frames.next()
        }
    }

    @Test("what is neither request nor answer is told apart")
    func shapes() {
        #expect(ControlRequest(json: ["body": 1]) == nil)
        #expect(ControlRequest(json: [1]) == nil)
        #expect(ControlResponse(json: [:]) == nil)
        #expect(ControlResponse(json: ["error": ["code": "x"]]) == nil)
        let request = ControlRequest(verb: "status")
        #expect(ControlRequest(json: request.json) == request)
        let failure = ControlResponse.failure(ControlFailure(code: 5, message: "m"))
        #expect(ControlResponse(json: failure.json) == failure)
    }
}
