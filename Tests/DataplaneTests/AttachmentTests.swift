import BPF
import Linux
import Netlink
import Support
import Testing

@testable import Dataplane

/// Programs on links, by both kinds of hook.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
final class AttachmentTests {
    private let node: TestNode
    private let pod: NetworkNamespace

    init() throws {
        node = try TestNode()
        pod = try NetworkNamespace.create()
        try node.connect("cali-a", to: pod)
    }

    /// Attaches to the pod's link as an agent does when it starts; returns what hangs on clsact.
    private func attach(usesTCX: Bool) throws -> [UInt32?] {
        var netlink = try node.socket()
        let link = try #require(try netlink.link(named: "cali-a"))
        let layout = Layout(root: node.root)
        return try node.namespace.run {
            try layout.prepare()
            var attachments = try Attachments(
                layout: layout,
                mapSizes: [.conns: 1024],
                usesTCX: usesTCX
            )
            try attachments.adopt()
            let index = link.index.rawValue
            try attachments.attach(ProgramName.workload, to: link.name, index)
            try attachments.attach(ProgramName.workload, to: link.name, index)
            return try [Hook.ingress, .egress].map { hook in
                try ClassicFilter(ifindex: index, hook).programID()
            }
        }
    }

    @Test("without TCX the programs hang on clsact, and the next agent's replace them")
    func classic() throws {
        let first = try attach(usesTCX: false)
        #expect(first.allSatisfy { $0 != nil })
        let second = try attach(usesTCX: false)
        #expect(second.allSatisfy { $0 != nil })
        #expect(Set(first).isDisjoint(with: second))
        #expect(node.pinnedLinks.isEmpty)
    }

    @Test("with TCX nothing hangs on clsact")
    func tcx() throws {
        #expect(try attach(usesTCX: true) == [nil, nil])
        #expect(node.pinnedLinks.count == 2)
        #expect(try attach(usesTCX: true) == [nil, nil])
        #expect(node.pinnedLinks.count == 2)
    }

    @Test("a pin whose interface went while no agent was there is removed")
    func stale() throws {
        _ = try attach(usesTCX: true)
        var netlink = try node.socket()
        _ = try netlink.deleteLink(named: "cali-a")
        try node.connect("cali-b", to: pod)
        let layout = Layout(root: node.root)
        try node.namespace.run {
            var attachments = try Attachments(layout: layout, mapSizes: [.conns: 1024])
            try attachments.adopt()
        }
        #expect(node.pinnedLinks.isEmpty)
    }
}
