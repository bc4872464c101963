import CLinux
package import Wire

/// One message from the kernel.
package struct NetlinkReply {
    package let type: UInt16
    package let flags: UInt16
    package let sequence: UInt32
    /// What follows the header.
    package let body: [UInt8]

    /// Splits a datagram into its messages.
    package static func parse(_ datagram: borrowing RawSpan) throws(WireError) -> [NetlinkReply] {
        var reader = ByteReader(copy datagram)
        var replies: [NetlinkReply] = []
        while reader.remaining >= MemoryLayout<nlmsghdr>.size {
            let header = try reader.readNative(nlmsghdr.self)
            let length = Int(header.nlmsg_len) - MemoryLayout<nlmsghdr>.size
            let body = try reader.read(count: length)
            try reader.skip(min(padding(after: length), reader.remaining))
            replies.append(
                NetlinkReply(
                    type: header.nlmsg_type,
                    flags: header.nlmsg_flags,
                    sequence: header.nlmsg_seq,
                    body: body
                )
            )
        }
        return replies
    }

    /// What an acknowledgement, an error or the end of a dump says; `nil` for anything else.
    package func outcome() throws(WireError) -> NetlinkOutcome? {
        guard type == UInt16(NLMSG_ERROR) || type == UInt16(NLMSG_DONE) else { return nil }
        var reader = ByteReader(body.span.bytes)
        // The end of a dump may come without a number.
        let number = reader.remaining < 4 ? 0 : try reader.readNative(Int32.self)
        var detail = ""
        if flags & UInt16(NLM_F_ACK_TLVS) != 0 {
            if type == UInt16(NLMSG_ERROR) { try skipRequest(&reader) }
            try forEachAttribute(&reader) { type, value throws(WireError) in
                if type == UInt16(NLMSGERR_ATTR_MSG.rawValue) { detail = value.readText() }
            }
        }
        return NetlinkOutcome(errno: -number, detail: detail)
    }

    /// An error repeats the request's header and, unless capped, its body.
    private func skipRequest(_ reader: inout ByteReader) throws(WireError) {
        let request = try reader.readNative(nlmsghdr.self)
        guard flags & UInt16(NLM_F_CAPPED) == 0 else { return }
        let length = Int(request.nlmsg_len) - MemoryLayout<nlmsghdr>.size
        try reader.skip(length + padding(after: length))
    }
}

/// How a request ended; number 0 is success.
package struct NetlinkOutcome: Hashable {
    package let errno: Int32
    package let detail: String

    package init(errno: Int32, detail: String) {
        self.errno = errno
        self.detail = detail
    }
}

/// Zeros between this many bytes and the next message or attribute.
private func padding(after length: Int) -> Int { -length & 3 }

/// Reads attributes to the end of `reader`; flags in their types are taken off.
func forEachAttribute(
    _ reader: inout ByteReader,
    _ body: (_ type: UInt16, _ value: inout ByteReader) throws(WireError) -> Void
) throws(WireError) {
    while reader.remaining >= MemoryLayout<nlattr>.size {
        let header = try reader.readNative(nlattr.self)
        let length = Int(header.nla_len) - MemoryLayout<nlattr>.size
        var value = try reader.slice(length)
        try body(linux_nla_type(header.nla_type), &value)
        try reader.skip(min(padding(after: length), reader.remaining))
    }
}

extension ByteReader {
    /// The rest as text up to its terminating zero.
    mutating func readText() -> String {
        String(decoding: readRest().prefix { $0 != 0 }, as: UTF8.self)
    }
}
