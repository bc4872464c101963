import CLinux
import Glibc
import Linux

extension NetlinkSocket {
    /// Has the kernel drop announcements of routes that one writer adds or replaces.
    ///
    /// A classic BPF program looks at the message's type and at the route's protocol; of a route that
    /// goes the listener is still told.
    static func ignore(
        routesBy writer: RouteProtocol,
        _ socket: borrowing Descriptor
    ) throws(LinuxError) {
        // Loads of more than a byte are big-endian, and the header is in the host's order.
        let type = UInt32(UInt16(RTM_NEWROUTE).bigEndian)
        let protocolOffset = MemoryLayout<nlmsghdr>.size + 5
        var program: [sock_filter] = [
            statement(BPF_LD | BPF_H | BPF_ABS, UInt32(MemoryLayout<UInt32>.size)),
            jump(type, otherwise: 3),
            statement(BPF_LD | BPF_B | BPF_ABS, UInt32(protocolOffset)),
            jump(UInt32(writer.rawValue), otherwise: 1),
            statement(BPF_RET | BPF_K, 0),
            statement(BPF_RET | BPF_K, UInt32.max),
        ]
        _ = try socket.withRaw { raw throws(LinuxError) in
            try call("setsockopt", on: "netlink filter") {
                program.withUnsafeMutableBufferPointer { instructions in
                    var filter = sock_fprog(
                        len: UInt16(instructions.count),
                        filter: instructions.baseAddress
                    )
                    return setsockopt(
                        raw,
                        SOL_SOCKET,
                        SO_ATTACH_FILTER,
                        &filter,
                        socklen_t(MemoryLayout<sock_fprog>.size)
                    )
                }
            }
        }
    }

    private static func statement(_ code: Int32, _ operand: UInt32) -> sock_filter {
        sock_filter(code: UInt16(code), jt: 0, jf: 0, k: operand)
    }

    /// Goes on when the loaded value is `value`, else skips instructions.
    private static func jump(_ value: UInt32, otherwise skipped: UInt8) -> sock_filter {
        sock_filter(code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: 0, jf: skipped, k: value)
    }
}
