import Dataplane
import Glibc
import Linux
import Model
import Netlink
import Synchronization

/// A node in a network namespace of its own, with its own corner of the BPF file system.
final class TestNode {
    private static let count = Mutex(0)

    let namespace: NetworkNamespace
    let root: String
    private var executors: [ThreadExecutor] = []

    init() throws {
        namespace = try NetworkNamespace.create()
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        root = "/sys/fs/bpf/caracal_test_\(getpid())_\(number)"
        var netlink = try NetlinkSocket(in: namespace)
        if let loopback = try netlink.link(named: "lo") {
            try netlink.setLink(loopback.index, LinkChange(isUp: true))
        }
    }

    deinit {
        for executor in executors { executor.stop() }
        for folder in ["maps", "links"] {
            for name in Self.names(in: "\(root)/\(folder)") { unlink("\(root)/\(folder)/\(name)") }
            rmdir("\(root)/\(folder)")
        }
        rmdir(root)
    }

    /// An agent's dataplane; a second one is the agent after a restart.
    func dataplane(
        sizes: [MapName: Int] = [:],
        pattern: String = "^eth"
    ) throws -> Dataplane {
        let executor = try namespace.run { try ThreadExecutor() }
        executors.append(executor)
        let sizes = sizes.merging([.conns: 1024]) { given, _ in given }
        return Dataplane(
            Configuration(root: root, dataInterfacePattern: pattern, mapSizes: sizes),
            executor: executor
        )
    }

    /// A veth pair between the node and `pod`; the node's end is up.
    func connect(_ name: String, to pod: borrowing NetworkNamespace) throws {
        var netlink = try NetlinkSocket(in: namespace)
        try pod.withRaw { raw in
            try netlink.createVeth(
                VethPair(
                    name: name,
                    mac: MAC("ee:ee:ee:ee:ee:ee"),
                    peerName: "eth0",
                    peerMAC: MAC(bytes: [2, 0, 0, 0, 0, UInt8(name.utf8.last ?? 0)]),
                    peerNamespace: raw
                )
            )
        }
        guard let link = try netlink.link(named: name) else { return }
        try netlink.setLink(link.index, LinkChange(isUp: true))
    }

    func socket() throws -> NetlinkSocket { try NetlinkSocket(in: namespace) }

    var pinnedMaps: Set<String> { Set(Self.names(in: "\(root)/maps")) }

    var pinnedLinks: [String] { Self.names(in: "\(root)/links").sorted() }

    private static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}
