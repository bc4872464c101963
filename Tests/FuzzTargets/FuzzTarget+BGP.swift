import BGPMessage

/// Reads `bytes` as a stream of BGP messages: each is refused, or is written and read again as the
/// same.
///
/// The first byte says what the two ends agreed on.
package func fuzzBGPMessage(_ bytes: [UInt8]) {
    let choice = bytes.first ?? 0
    var context = MessageContext(
        hasFourOctetAS: choice & 1 == 0,
        addPath: FamilySet(rawValue: choice >> 1 & 3),
        isExternal: choice & 8 != 0
    )
    if choice & 16 != 0 { context.maximumLength = MessageHeader.extendedMaximum }
    var framer = MessageFramer(maximumLength: context.maximumLength)
    framer.append(bytes.dropFirst())
    while let frame = try? framer.next() {
        guard var message = try? Message(decoding: frame, context) else { continue }
        if case .notification(let notification) = message { _ = notification.description }
        // Faults are about the bytes that were, and are put right in what is written.
        if case .update(var update) = message {
            update.faults = []
            message = .update(update)
        }
        // What was left out of a message may be written longer: an extended length, a withdrawal.
        var roomy = context
        roomy.maximumLength = MessageHeader.extendedMaximum
        let written = message.encoded(roomy)
        guard written.count <= roomy.maximumLength else { continue }
        let again = try? Message(decoding: written, roomy)
        precondition(again == message, "a BGP message says something else when it is read again")
    }
}
