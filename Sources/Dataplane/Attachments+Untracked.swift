package import BPF
import Glibc

/// Where doNotTrack policy judges what an interface receives.
package enum UntrackedPlace: Hashable, Sendable, CustomStringConvertible {
    case xdp(XDPMode)
    /// In tc, which costs an skb for each packet, because XDP was refused.
    case tc(reason: String)

    /// What metrics call it.
    package var name: String {
        switch self {
        case .xdp(let mode): mode.rawValue
        case .tc: "tc"
        }
    }

    /// All names.
    package static let names = XDPMode.allCases.map(\.rawValue) + ["tc"]

    package var description: String {
        switch self {
        case .xdp(let mode): "\(mode) XDP"
        case .tc(let reason): "tc: \(reason)"
        }
    }
}

extension Attachments {
    /// Hangs the program for doNotTrack policy where it runs soonest: in the driver, in the kernel's
    /// own XDP, or else in tc before our others, so that nothing opens.
    ///
    /// Each call tries XDP again while the program is in tc.
    mutating func attachUntracked(
        to interface: String,
        _ ifindex: UInt32
    ) throws(DataplaneError) -> UntrackedPlace {
        do throws(BPFError) {
            if !attached.contains(Place(program: .xdpHost, ifindex: ifindex)) {
                try attachXDP(to: interface, ifindex)
                attached.insert(Place(program: .xdpHost, ifindex: ifindex))
            }
            try detach(.untrackedHost, from: ifindex)
            return .xdp(try XDPMode.current(of: ifindex) ?? .native)
        } catch {
            guard hasTCX else {
                throw .attach(
                    program: ProgramName.xdpHost.rawValue,
                    interface: interface,
                    reason: "\(error)"
                )
            }
            try attach([.untrackedHost], to: interface, ifindex)
            return .tc(reason: "\(error)")
        }
    }

    /// Takes the program for doNotTrack policy off an interface to which none applies any more.
    mutating func detachUntracked(
        from interface: String,
        _ ifindex: UInt32
    ) throws(DataplaneError) {
        for program in [ProgramName.xdpHost, .untrackedHost] {
            do throws(BPFError) {
                try detach(program, from: ifindex)
            } catch {
                throw .attach(
                    program: program.rawValue,
                    interface: interface,
                    reason: "\(error)"
                )
            }
        }
    }

    /// Interfaces that carry a program for doNotTrack policy.
    var untrackedInterfaces: Set<UInt32> {
        Set(attached.filter { $0.program.isUntracked }.map(\.ifindex))
    }

    private func attachXDP(to interface: String, _ ifindex: UInt32) throws(BPFError) {
        let path = layout.link(of: .xdpHost, interface, ifindex)
        try programs.with(.xdpHost) { program throws(BPFError) in
            let link = try Self.link(program, to: interface, ifindex)
            try link.pin(at: path)
        }
    }

    private static func link(
        _ program: borrowing Program,
        to interface: String,
        _ ifindex: UInt32
    ) throws(BPFError) -> BPF.Link {
        do throws(BPFError) {
            return try BPF.Link(attachingXDP: program, to: ifindex, .native)
        } catch  where error.errno == EBUSY || error.errno == EEXIST {
            throw BPFError(
                operation: error.operation,
                object: "\(program.name) to \(interface)",
                errno: error.errno,
                detail: "another XDP program hangs there and stays: take it off to have "
                    + "doNotTrack policy in XDP"
            )
        } catch {
            return try BPF.Link(attachingXDP: program, to: ifindex, .generic)
        }
    }

    private mutating func detach(
        _ program: ProgramName,
        from ifindex: UInt32
    ) throws(BPFError) {
        guard attached.contains(Place(program: program, ifindex: ifindex)) else { return }
        for name in layout.pinnedLinks()
        where Layout.parse(name).map({ $0 == (program, ifindex) }) ?? false {
            let path = "\(layout.links)/\(name)"
            try BPF.Link(pinned: path).detach()
            unlink(path)
        }
        attached.remove(Place(program: program, ifindex: ifindex))
    }
}

extension ProgramName {
    fileprivate var isUntracked: Bool { self == .xdpHost || self == .untrackedHost }
}
