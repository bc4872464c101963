import CLibBPF

/// Who runs an XDP program.
package enum XDPMode: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The driver, before there is an skb.
    case native
    /// The kernel's stack, for drivers that cannot: all it saves is what comes after.
    case generic

    package var description: String { rawValue }

    var flag: shim_xdp { self == .native ? SHIM_XDP_NATIVE : SHIM_XDP_GENERIC }

    /// How the program that hangs at an interface's XDP runs, whoever's it is; `nil` when there is
    /// none.
    package static func current(of ifindex: UInt32) throws(BPFError) -> XDPMode? {
        let mode = LibBPFLog.capture { shim_xdp_mode(ifindex) }.result
        switch try check(mode, "query XDP of", "interface \(ifindex)") {
        case Int32(XDP_ATTACHED_NONE): return nil
        case Int32(XDP_ATTACHED_SKB): return .generic
        default: return .native
        }
    }
}
