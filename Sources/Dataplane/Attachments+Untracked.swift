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
    /// Hangs the program for doNotTrack policy in the first of `modes` that the interface can, or else
    /// in tc before our others; it never leaves one place before it is in the other.
    ///
    /// Each call tries XDP again while the program is in tc.
    mutating func attachUntracked(
        to interface: String,
        _ ifindex: UInt32,
        _ modes: [XDPMode] = XDPMode.allCases
    ) throws(DataplaneError) -> UntrackedPlace {
        do throws(BPFError) {
            let mode = try attachXDP(to: interface, ifindex, modes)
            try detach(.untrackedHost, from: ifindex)
            return .xdp(mode)
        } catch {
            guard hasTCX else {
                throw .attach(
                    program: ProgramName.xdpHost.rawValue,
                    interface: interface,
                    reason: "\(error)"
                )
            }
            try attach([.untrackedHost], to: interface, ifindex)
            try takeOff(.xdpHost, interface, ifindex)
            return .tc(reason: modes.isEmpty ? "xdpEnabled is false" : "\(error)")
        }
    }

    /// Takes the program for doNotTrack policy off an interface to which none applies any more.
    mutating func detachUntracked(
        from interface: String,
        _ ifindex: UInt32
    ) throws(DataplaneError) {
        try takeOff(.xdpHost, interface, ifindex)
        try takeOff(.untrackedHost, interface, ifindex)
    }

    private mutating func takeOff(
        _ program: ProgramName,
        _ interface: String,
        _ ifindex: UInt32
    ) throws(DataplaneError) {
        do throws(BPFError) {
            try detach(program, from: ifindex)
        } catch {
            throw .attach(program: program.rawValue, interface: interface, reason: "\(error)")
        }
    }

    /// Interfaces that carry a program for doNotTrack policy.
    var untrackedInterfaces: Set<UInt32> {
        Set(attached.filter { $0.program.isUntracked }.map(\.ifindex))
    }

    /// The mode in which the program hangs at XDP, where it is put unless it is there.
    private mutating func attachXDP(
        to interface: String,
        _ ifindex: UInt32,
        _ modes: [XDPMode]
    ) throws(BPFError) -> XDPMode {
        let place = Place(program: .xdpHost, ifindex: ifindex)
        if attached.contains(place) {
            let mode = try XDPMode.current(of: ifindex) ?? .native
            if modes.contains(mode) { return mode }
        }
        var refusal = BPFError(operation: "attach at XDP of", object: interface, errno: EOPNOTSUPP)
        guard !attached.contains(place) else { throw refusal }
        let path = layout.link(of: .xdpHost, interface, ifindex)
        for mode in modes {
            do throws(BPFError) {
                try programs.with(.xdpHost) { program throws(BPFError) in
                    try BPF.Link(attachingXDP: program, to: ifindex, mode).pin(at: path)
                }
                attached.insert(place)
                return mode
            } catch  where error.errno == EBUSY || error.errno == EEXIST {
                throw BPFError(
                    operation: error.operation,
                    object: "\(ProgramName.xdpHost.rawValue) to \(interface)",
                    errno: error.errno,
                    detail: "another XDP program hangs there and stays: take it off to have "
                        + "doNotTrack policy in XDP"
                )
            } catch {
                refusal = error
            }
        }
        throw refusal
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
