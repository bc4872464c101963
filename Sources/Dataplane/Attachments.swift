import BPF
import Glibc

/// The programs on interfaces: TCX links pinned under the layout, clsact filters on older kernels.
///
/// A pinned link outlives the agent. The next one puts its own program in the place of the old with
/// one call, so that no packet passes without a program.
struct Attachments: ~Copyable {
    let layout: Layout
    let programs: Programs
    let hasTCX: Bool
    private let gracePeriods = GracePeriods()
    /// What hangs where, by this agent.
    var attached: Set<Place> = []

    struct Place: Hashable {
        let program: ProgramName
        let ifindex: UInt32
    }

    /// Loads the programs; `usesTCX` is `nil` to ask the kernel.
    init(
        layout: Layout,
        mapSizes: [MapName: Int],
        usesTCX: Bool? = nil
    ) throws(DataplaneError) {
        let hasTCX = if let usesTCX { usesTCX } else { try Self.hasTCX() }
        programs = try Programs(layout: layout, mapSizes: mapSizes)
        self.hasTCX = hasTCX
        self.layout = layout
    }

    private static func hasTCX() throws(DataplaneError) -> Bool {
        do throws(BPFError) {
            return try BPF.Link.isSupported()
        } catch {
            throw .missing(feature: "a kernel with BPF for interfaces", reason: "\(error)")
        }
    }

    /// Interfaces that carry our programs.
    var interfaces: Set<UInt32> { Set(attached.map(\.ifindex)) }

    /// Those of the node itself.
    var hostInterfaces: Set<UInt32> {
        Set(attached.filter { $0.program == .fromHost }.map(\.ifindex))
    }

    /// Renews the programs behind all pinned links, and removes pins whose interface is gone.
    mutating func adopt() throws(DataplaneError) {
        guard hasTCX else { return }
        gracePeriods.recover()
        for name in layout.pinnedLinks() {
            guard let (program, ifindex) = Layout.parse(name) else { continue }
            let path = "\(layout.links)/\(name)"
            if try renew(program, ifindex, at: path) {
                attached.insert(Place(program: program, ifindex: ifindex))
            }
        }
        try programs.catchUp()
    }

    /// Hangs programs on an interface; those that hang there already stay.
    mutating func attach(
        _ names: [ProgramName],
        to interface: String,
        _ ifindex: UInt32
    ) throws(DataplaneError) {
        let missing = names.filter {
            !attached.contains(Place(program: $0, ifindex: ifindex))
        }
        guard !missing.isEmpty else { return }
        guard hasTCX else {
            for name in missing { try attach(name, to: interface, ifindex) }
            return
        }
        try gracePeriods.hurrying { () throws(DataplaneError) in
            for name in missing { try attach(name, to: interface, ifindex) }
        }
    }

    /// The interface is gone, and with it what hung there.
    mutating func forget(_ ifindex: UInt32) {
        attached = attached.filter { $0.ifindex != ifindex }
        for name in layout.pinnedLinks() where Layout.parse(name)?.ifindex == ifindex {
            unlink("\(layout.links)/\(name)")
        }
    }

    private mutating func attach(
        _ name: ProgramName,
        to interface: String,
        _ ifindex: UInt32
    ) throws(DataplaneError) {
        let path = layout.link(of: name, interface, ifindex)
        if hasTCX, try renew(name, ifindex, at: path) {
            attached.insert(Place(program: name, ifindex: ifindex))
            return
        }
        do throws(BPFError) {
            try programs.with(name) { program throws(BPFError) in
                if hasTCX {
                    let link = try BPF.Link(attaching: program, to: ifindex, name.hook)
                    try link.pin(at: path)
                } else {
                    try ClassicFilter(ifindex: ifindex, name.hook).attach(program)
                }
            }
        } catch {
            throw .attach(program: name.rawValue, interface: interface, reason: "\(error)")
        }
        attached.insert(Place(program: name, ifindex: ifindex))
    }

    /// Puts our program behind a pinned link; `false` when there is no such link or its interface is
    /// gone, and then the pin is too.
    private func renew(
        _ name: ProgramName,
        _ ifindex: UInt32,
        at path: String
    ) throws(DataplaneError) -> Bool {
        do throws(BPFError) {
            let link = try BPF.Link(pinned: path)
            let state = try link.state()
            guard state.ifindex == ifindex, state.hook == name.hook else {
                unlink(path)
                return false
            }
            try programs.with(name) { program throws(BPFError) in try link.update(to: program) }
            return true
        } catch  where error.errno == ENOENT {
            return false
        } catch {
            throw .attach(program: name.rawValue, interface: path, reason: "\(error)")
        }
    }
}
