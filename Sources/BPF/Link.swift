import CLibBPF
import Glibc
import Linux

/// An attachment by TCX (Linux 6.6) or XDP (5.9): the program runs while the link is open or pinned.
package struct Link: ~Copyable, Sendable {
    /// What the kernel says of a link.
    package struct State: Hashable, Sendable {
        package let programID: UInt32
        /// 0 once the interface is gone: the link is then of no more use.
        package let ifindex: UInt32
        package let hook: Hook
    }

    private let object: String
    private let descriptor: Descriptor

    /// Attaches `program` to an interface, before all programs that hang there already: a verdict to
    /// pass by one of them would otherwise end the chain and ours would never see the packet.
    package init(
        attaching program: borrowing Program,
        to ifindex: UInt32,
        _ hook: Hook
    ) throws(BPFError) {
        // No property is set before all that may throw: with one set, Swift 6.3 destroys the other,
        // which holds nothing yet, and so closes descriptor 0.
        let object = "\(program.name) to interface \(ifindex)"
        let raw = program.descriptor.withRaw {
            shim_attach($0, ifindex, hook.tcx.rawValue, SHIM_BEFORE.rawValue)
        }
        let link = Descriptor(owning: try check(raw, "attach", object))
        self.object = object
        descriptor = link
    }

    /// Attaches `program` at an interface's XDP, where there is room for one.
    package init(
        attachingXDP program: borrowing Program,
        to ifindex: UInt32,
        _ mode: XDPMode
    ) throws(BPFError) {
        let object = "\(program.name) to interface \(ifindex) by \(mode) XDP"
        let raw = program.descriptor.withRaw {
            shim_attach($0, ifindex, SHIM_XDP.rawValue, mode.flag.rawValue)
        }
        let link = Descriptor(owning: try check(raw, "attach", object))
        self.object = object
        descriptor = link
    }

    /// Opens the link pinned at `path`.
    ///
    /// The corresponding C function is `bpf_obj_get`.
    package init(pinned path: String) throws(BPFError) {
        let link = Descriptor(owning: try check(bpf_obj_get(path), "open pinned link", path))
        object = path
        descriptor = link
    }

    /// Puts another program in the place of the present one; no packet passes unseen between.
    package func update(to program: borrowing Program) throws(BPFError) {
        let result = descriptor.withRaw { link in
            program.descriptor.withRaw { bpf_link_update(link, $0, nil) }
        }
        try check(result, "update link of", object)
    }

    /// Makes the link outlive the process at `path` in a BPF file system.
    package func pin(at path: String) throws(BPFError) {
        try check(descriptor.withRaw { bpf_obj_pin($0, path) }, "pin link at", path)
    }

    /// Takes the program off the interface, though pins and other descriptors may remain.
    package func detach() throws(BPFError) {
        try check(descriptor.withRaw { bpf_link_detach($0) }, "detach link of", object)
    }

    /// Asks the kernel which program hangs where.
    package func state() throws(BPFError) -> State {
        var link = shim_link()
        try check(descriptor.withRaw { shim_link_info($0, &link) }, "inspect link", object)
        guard let hook = Hook(link) else {
            throw BPFError(
                operation: "inspect link",
                object: object,
                errno: EINVAL,
                detail: "it is of type \(link.type), neither a TCX nor an XDP link"
            )
        }
        return State(programID: link.program, ifindex: link.ifindex, hook: hook)
    }

    /// Whether the kernel has TCX: an unknown attach type is `EINVAL`, a known one looks for the
    /// interface first.
    package static func isSupported() throws(BPFError) -> Bool {
        let probe = try Program(empty: "probe")
        let result = probe.descriptor.withRaw {
            shim_attach($0, UInt32(Int32.max), SHIM_TCX_INGRESS.rawValue, 0)
        }
        if result >= 0 { close(result) }
        return result == -ENODEV
    }
}

extension Hook {
    fileprivate init?(_ link: shim_link) {
        switch link.type {
        case SHIM_LINK_TYPE_XDP.rawValue: self = .xdp
        case SHIM_LINK_TYPE_TCX.rawValue:
            self = link.hook == SHIM_TCX_INGRESS.rawValue ? .ingress : .egress
        default: return nil
        }
    }

    fileprivate var tcx: shim_tcx {
        precondition(self != .xdp, "XDP is no hook of TCX")
        return self == .ingress ? SHIM_TCX_INGRESS : SHIM_TCX_EGRESS
    }
}
