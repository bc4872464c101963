import CLinux
package import Model
import Wire

/// One request under construction: header, a fixed part, attributes, all in the host's order.
///
///     0        4      6       8         12     16
///     | length | type | flags | sequence | port | fixed part | attribute … |
///
/// Lengths are patched when they are known: a nest's when its closure ends, the message's when it
/// is sent.
package struct NetlinkMessage: Sendable {
    /// What the message asks, for errors.
    let verb: String
    /// What it asks it of; computed only for an error.
    let object: @Sendable () -> String

    private var writer = ByteWriter(reserving: 128)

    /// Starts a message; `flags` without `NLM_F_REQUEST`, which all have.
    package init(
        _ verb: String,
        _ object: @autoclosure @escaping @Sendable () -> String,
        type: Int,
        flags: Int32 = 0
    ) {
        self.verb = verb
        self.object = object
        writer.writeNative(
            nlmsghdr(
                nlmsg_len: 0,
                nlmsg_type: UInt16(type),
                nlmsg_flags: UInt16(flags | NLM_F_REQUEST),
                nlmsg_seq: 0,
                nlmsg_pid: 0
            )
        )
    }

    /// Appends the fixed part that follows the header.
    package mutating func append(fixed part: some BitwiseCopyable) {
        writer.writeNative(part)
        pad()
    }

    /// Appends an integer attribute in the host's order.
    package mutating func append<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: some BinaryInteger,
        _ value: T
    ) {
        append(UInt16(type)) { $0.writeNative(value) }
    }

    package mutating func append(_ type: some BinaryInteger, bytes: [UInt8]) {
        append(UInt16(type)) { $0.write(bytes: bytes) }
    }

    /// Appends a text with the terminating zero that the kernel expects.
    package mutating func append(_ type: some BinaryInteger, _ text: String) {
        append(UInt16(type)) { writer in
            writer.write(bytes: text.utf8)
            writer.write(UInt8(0))
        }
    }

    package mutating func append(_ type: some BinaryInteger, _ address: Address) {
        append(UInt16(type)) { writer in
            if let v4 = address.v4 { return writer.write(v4) }
            writer.write(address.high)
            writer.write(address.low)
        }
    }

    /// Appends an attribute that holds the attributes `body` appends.
    package mutating func nest(
        _ type: some BinaryInteger,
        _ body: (inout NetlinkMessage) -> Void
    ) {
        let start = writer.count
        writer.writeNative(nlattr(nla_len: 0, nla_type: UInt16(type)))
        body(&self)
        writer.patchNative(UInt16(writer.count - start), at: start)
    }

    /// Appends a record with a length of its own, as next hops have: `head` is written again with
    /// its length once `body` is done.
    mutating func record<Head: BitwiseCopyable>(
        _ head: (_ length: UInt16) -> Head,
        _ body: (inout NetlinkMessage) -> Void
    ) {
        let start = writer.count
        writer.writeNative(head(0))
        body(&self)
        writer.patchNative(head(UInt16(writer.count - start)), at: start)
    }

    /// The finished bytes.
    package func encoded(sequence: UInt32, flags: Int32 = 0) -> [UInt8] {
        var writer = ByteWriter(reserving: self.writer.count)
        encode(to: &writer, sequence: sequence, flags: flags)
        return writer.bytes
    }

    /// Appends the finished bytes.
    func encode(to output: inout ByteWriter, sequence: UInt32, flags: Int32 = 0) {
        let start = output.count
        let own = writer.bytes.withUnsafeBytes {
            $0.loadUnaligned(fromByteOffset: Self.flagsOffset, as: UInt16.self)
        }
        output.write(bytes: writer.bytes)
        output.patchNative(UInt32(writer.count), at: start)
        output.patchNative(own | UInt16(flags), at: start + Self.flagsOffset)
        output.patchNative(sequence, at: start + Self.sequenceOffset)
    }

    private static let flagsOffset = 6
    private static let sequenceOffset = 8

    private mutating func append(_ type: UInt16, _ body: (inout ByteWriter) -> Void) {
        let start = writer.count
        writer.writeNative(nlattr(nla_len: 0, nla_type: type))
        body(&writer)
        writer.patchNative(UInt16(writer.count - start), at: start)
        pad()
    }

    private mutating func pad() {
        writer.write(zeros: Int(linux_netlink_align(Int32(writer.count))) - writer.count)
    }

    /// An error about this message.
    func error(_ errno: Int32, _ detail: String = "") -> NetlinkError {
        NetlinkError(verb: verb, object: object(), errno: errno, detail: detail)
    }
}
