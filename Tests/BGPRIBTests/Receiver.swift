import BGPMessage
import BGPRIB
import Model

/// The other end of a session: keeps what it was told, and notices what it should not have been.
struct Receiver {
    struct Key: Hashable {
        var prefix: Prefix
        var pathID: UInt32
    }

    var context: MessageContext
    var routes: [Key: PathAttributes] = [:]
    var messages: [Message] = []
    /// Withdrawals of what was not there.
    var groundless = 0
    var framer: MessageFramer

    init(_ context: MessageContext) {
        self.context = context
        framer = MessageFramer(maximumLength: context.maximumLength)
    }

    mutating func take(_ bytes: [UInt8]) throws {
        framer.append(bytes)
        while let frame = try framer.next() {
            let message = try Message(decoding: frame, context)
            messages.append(message)
            if case .update(let update) = message { take(update) }
        }
    }

    private mutating func take(_ update: UpdateMessage) {
        for one in update.withdrawn + (update.multiprotocolUnreach?.withdrawn ?? []) {
            let key = Key(prefix: one.prefix, pathID: one.pathID)
            if routes.removeValue(forKey: key) == nil { groundless += 1 }
        }
        guard var attributes = update.attributes else { return }
        for one in update.nlri { routes[Key(prefix: one.prefix, pathID: one.pathID)] = attributes }
        guard let reach = update.multiprotocolReach else { return }
        attributes.nextHop = reach.nextHop
        for one in reach.nlri { routes[Key(prefix: one.prefix, pathID: one.pathID)] = attributes }
    }

    /// By prefix, for a peer that takes one path.
    var single: [Prefix: PathAttributes] {
        Dictionary(routes.map { ($0.key.prefix, $0.value) }) { first, _ in first }
    }
}
