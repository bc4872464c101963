import BGPMessage
import Support
import Testing

@Suite struct FramerTests {
    private static let stream = Sample.all.filter { $0.context == MessageContext() }

    private static func messages(
        _ chunks: [[UInt8]]
    ) throws(MessageError) -> [[UInt8]] {
        var framer = MessageFramer()
        var list: [[UInt8]] = []
        for chunk in chunks {
            framer.append(chunk)
            while let message = try framer.next() { list.append(message) }
        }
        return list
    }

    @Test func `each split of the stream gives the same messages`() throws {
        let messages = Self.stream.map { $0.message.encoded($0.context) }
        let bytes = Array(messages.joined())
        for cut in bytes.indices {
            let found = try Self.messages([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(found == messages)
        }
        #expect(try Self.messages(bytes.map { [$0] }) == messages)
        var random = SeededRandom(seed: 1)
        for _ in 0..<50 {
            var rest = bytes[...]
            var chunks: [[UInt8]] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...100, using: &random)
                chunks.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(try Self.messages(chunks) == messages)
        }
    }

    @Test func `what is taken is not kept`() throws {
        var framer = MessageFramer()
        let keepalive = Message.keepalive.encoded(MessageContext())
        for _ in 0..<10_000 {
            framer.append(keepalive)
            #expect(try framer.next() == keepalive)
        }
        #expect(framer.pendingBytes == 0)
    }

    struct Header: CustomTestStringConvertible {
        let testDescription: String
        var marker: UInt8 = 0xff
        var length: UInt16 = 19
        var type: UInt8 = 4
        var maximum = 4096
        let error: HeaderError
        var data: [UInt8] = []

        var bytes: [UInt8] {
            [UInt8](repeating: 0xff, count: 15)
                + [marker, UInt8(length >> 8), UInt8(length & 0xff), type]
        }
    }

    static let headers = [
        Header(testDescription: "a marker", marker: 0xfe, error: .connectionNotSynchronized),
        Header(testDescription: "no room", length: 18, error: .badMessageLength, data: [0, 18]),
        Header(testDescription: "zero", length: 0, error: .badMessageLength, data: [0, 0]),
        Header(
            testDescription: "too much",
            length: 4097,
            type: 2,
            error: .badMessageLength,
            data: [0x10, 0x01]
        ),
        Header(
            testDescription: "a longer KEEPALIVE",
            length: 20,
            error: .badMessageLength,
            data: [0, 20]
        ),
        Header(
            testDescription: "an extended OPEN",
            length: 4097,
            type: 1,
            maximum: 65_535,
            error: .badMessageLength,
            data: [0x10, 0x01]
        ),
        Header(
            testDescription: "a short OPEN",
            length: 28,
            type: 1,
            error: .badMessageLength,
            data: [0, 28]
        ),
        Header(
            testDescription: "a short UPDATE",
            length: 22,
            type: 2,
            error: .badMessageLength,
            data: [0, 22]
        ),
        Header(testDescription: "a type", type: 9, error: .badMessageType, data: [9]),
    ]

    @Test(arguments: headers)
    func `a header that cannot be is refused`(_ header: Header) {
        var framer = MessageFramer(maximumLength: header.maximum)
        framer.append(header.bytes)
        #expect(throws: MessageError(.header(header.error), data: header.data)) {
            try framer.next()
        }
    }

    @Test func `a long UPDATE passes once that is agreed`() throws {
        let context = MessageContext(maximumLength: MessageHeader.extendedMaximum)
        let routes = (0..<10_000).flatMap { Sample.routes("10.\($0 / 256).\($0 % 256).0/24") }
        let message = Message.update(UpdateMessage(withdrawn: routes))
        var framer = MessageFramer()
        framer.append(message.encoded(context))
        #expect(throws: MessageError.self) { try framer.next() }
        framer.maximumLength = context.maximumLength
        let bytes = try #require(try framer.next())
        #expect(try Message(decoding: bytes, context) == message)
    }
}
