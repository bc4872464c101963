import BPF
import CBPFABI
import Compile
import Linux
import Model
import Netlink
import Support
import Testing

@testable import Dataplane

/// The program for doNotTrack policy on links.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
final class UntrackedTests {
    private let node: TestNode
    private let peer: NetworkNamespace

    init() throws {
        node = try TestNode()
        peer = try NetworkNamespace.create()
        try node.connect("eth0", to: peer)
    }

    private func withAttachments<R>(
        _ body: (inout Attachments, _ ifindex: UInt32) throws -> R
    ) throws -> R {
        var netlink = try node.socket()
        let index = try #require(try netlink.link(named: "eth0")).index.rawValue
        let layout = Layout(root: node.root)
        return try node.namespace.run {
            try layout.prepare()
            var attachments = try Attachments(layout: layout, mapSizes: [.conns: 1024])
            try attachments.adopt()
            return try body(&attachments, index)
        }
    }

    @Test("it runs in the driver, the next agent's takes its place, and it goes when told to")
    func native() throws {
        let first = try withAttachments { attachments, index in
            #expect(try attachments.attachUntracked(to: "eth0", index) == .xdp(.native))
            #expect(try attachments.attachUntracked(to: "eth0", index) == .xdp(.native))
            return try state(index)
        }
        #expect(node.pinnedLinks.count == 1)
        try withAttachments { attachments, index in
            #expect(attachments.untrackedInterfaces == [index])
            #expect(try state(index).programID != first.programID)
            #expect(try attachments.attachUntracked(to: "eth0", index) == .xdp(.native))
            try attachments.detachUntracked(from: "eth0", index)
            #expect(try XDPMode.current(of: index) == nil)
            try attachments.detachUntracked(from: "eth0", index)
        }
        #expect(node.pinnedLinks.isEmpty)
    }

    @Test("where there is no room it runs in tc, until there is")
    func occupied() throws {
        try withAttachments { attachments, index in
            do {
                let other = try attachments.programs.with(.xdpHost) { program in
                    try BPF.Link(attachingXDP: program, to: index, .generic)
                }
                let place = try attachments.attachUntracked(to: "eth0", index)
                guard case .tc(let reason) = place else {
                    Issue.record("it is \(place)")
                    return
                }
                #expect(reason.contains("eth0"), "\(reason)")
                #expect(reason.contains("another XDP program"), "\(reason)")
                #expect(node.pinnedLinks.count == 1)
                try other.detach()
            }
            #expect(try attachments.attachUntracked(to: "eth0", index) == .xdp(.native))
            #expect(node.pinnedLinks.count == 1)
        }
    }

    @Test("another choice of modes takes it where it may be")
    func modes() throws {
        try withAttachments { attachments, index in
            let generic = try attachments.attachUntracked(to: "eth0", index, [.generic])
            #expect(generic == .xdp(.generic))
            let off = try attachments.attachUntracked(to: "eth0", index, [])
            #expect(off == .tc(reason: "xdpEnabled is false"))
            #expect(try XDPMode.current(of: index) == nil)
            #expect(node.pinnedLinks.count == 1)
            #expect(try attachments.attachUntracked(to: "eth0", index) == .xdp(.native))
            #expect(node.pinnedLinks.count == 1)
        }
    }

    private func state(_ index: UInt32) throws -> BPF.Link.State {
        let state = try BPF.Link(pinned: "\(node.root)/links/xdp_host-\(index)-eth0").state()
        #expect(state.hook == .xdp)
        #expect(state.ifindex == index)
        return state
    }
}
