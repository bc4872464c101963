import BGPMessage
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: Sample.all)
    func `a message says the same when it is written and read`(_ sample: Sample) throws {
        let bytes = sample.message.encoded(sample.context)
        let again = try Message(decoding: bytes, sample.context)
        #expect(again == sample.message)
        #expect(again.encoded(sample.context) == bytes)
    }

    /// The bytes end early, and the header knows it.
    @Test(arguments: Sample.all)
    func `no prefix of a message is a message`(_ sample: Sample) {
        let bytes = sample.message.encoded(sample.context)
        for count in bytes.indices {
            #expect(throws: MessageError.self) {
                try Message(decoding: Array(bytes[..<count]), sample.context)
            }
        }
    }

    /// The body ends early, and the header's length agrees with it: each error is of the message.
    @Test(arguments: Sample.all)
    func `a shortened body is refused in the message's own terms`(_ sample: Sample) throws {
        let bytes = sample.message.encoded(sample.context)
        for count in 19..<max(bytes.count, 19) {
            var short = Array(bytes[..<count])
            short[16] = UInt8(count >> 8)
            short[17] = UInt8(count & 0xff)
            let outcome = Result { () throws(MessageError) in
                try Message(decoding: short, sample.context)
            }
            switch (outcome, sample.message) {
            case (.failure(let error), _) where count < sample.message.type.minimumLength:
                #expect(error.notification.error == .header(.badMessageLength), "\(count)")
            case (.failure(let error), .open):
                #expect(error.notification.error == .open(.unspecific), "\(count)")
            case (.failure(let error), .update):
                let code = error.notification.error
                #expect(
                    [.update(.malformedAttributeList), .update(.invalidNetworkField)].contains(
                        code
                    ),
                    "\(count)"
                )
            // Fewer prefixes, or less text, are a message as well.
            case (.success(.update), .update): #expect(count > 23 || bytes.count == 23)
            case (.success(.notification), .notification): #expect(count >= 21)
            default: Issue.record("\(count): \(outcome)")
            }
        }
    }

    @Test func `all codes and subcodes keep their octets`() {
        for code in UInt8.min...UInt8.max {
            for subcode in UInt8.min...UInt8.max {
                let error = NotificationError(code: code, subcode: subcode)
                #expect(error.code == code && error.subcode == subcode)
            }
        }
        #expect(NotificationError(code: 6, subcode: 2) == .cease(.administrativeShutdown))
        #expect(NotificationError(code: 2, subcode: 11) == .open(.roleMismatch))
        #expect(NotificationError(code: 3, subcode: 7) == .unknown(code: 3, subcode: 7))
    }
}
