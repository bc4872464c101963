import Glibc
import Wire

extension NetlinkSocket {
    /// Lists objects; an object that its parser passes over by `nil` is left out.
    mutating func dumpAll<Value>(
        _ message: NetlinkMessage,
        of type: Int,
        _ parse: (inout ByteReader) throws(WireError) -> Value?
    ) throws(NetlinkError) -> [Value] {
        let replies = try dump(message)
        return try Self.parseAll(replies, message, of: type, parse)
    }

    static func parseAll<Value>(
        _ replies: [NetlinkReply],
        _ message: NetlinkMessage,
        of type: Int,
        _ parse: (inout ByteReader) throws(WireError) -> Value?
    ) throws(NetlinkError) -> [Value] {
        var values: [Value] = []
        for reply in replies where Int(reply.type) == type {
            do throws(WireError) {
                var reader = ByteReader(reply.body.span.bytes)
                if let value = try parse(&reader) { values.append(value) }
            } catch {
                throw message.error(EBADMSG, error.description)
            }
        }
        return values
    }
}
