package import Compile
package import Dataplane
import Glibc
import Linux
package import Model
import Netlink

/// A node in a namespace of its own: links of local endpoints and a dataplane over maps of its own.
package final class BenchNode {
    package let dataplane: Dataplane
    private let namespace: NetworkNamespace
    private let root: String
    private let executor: ThreadExecutor

    /// Makes the links of `locals` endpoints and hangs the programs there, as on a node whose agent
    /// ended: the dataplane is another one's successor and has all to write.
    package init(locals: [Endpoint]) async throws {
        namespace = try NetworkNamespace.create()
        root = "/sys/fs/bpf/caracal_bench_\(getpid())"
        try Self.makeLinks(locals.compactMap(\.interface), in: namespace)
        let (first, thread) = try Self.dataplane(root, namespace)
        try await first.start()
        for endpoint in locals { try await first.register(Self.withMAC(endpoint)) }
        await first.stop()
        thread.stop()
        (dataplane, executor) = try Self.dataplane(root, namespace)
        try await dataplane.start()
    }

    private static func dataplane(
        _ root: String,
        _ namespace: borrowing NetworkNamespace
    ) throws -> (Dataplane, ThreadExecutor) {
        let executor = try namespace.run { try ThreadExecutor() }
        let configuration = Configuration(root: root, dataInterfacePattern: "^eth")
        return (Dataplane(configuration, executor: executor), executor)
    }

    /// The pod's own MAC, which the plugin knows and the store does not.
    package static func withMAC(_ endpoint: Endpoint) -> Endpoint {
        var endpoint = endpoint
        endpoint.mac = MAC(bytes: [2, 0, 0, 0, 0, 1])
        return endpoint
    }

    private static func makeLinks(
        _ names: [String],
        in namespace: borrowing NetworkNamespace
    ) throws {
        var netlink = try NetlinkSocket(in: namespace)
        for (number, name) in names.enumerated() {
            try netlink.createVeth(
                VethPair(name: name, mac: MAC("ee:ee:ee:ee:ee:ee"), peerName: "pod\(number)")
            )
            guard let link = try netlink.link(named: name) else { continue }
            try netlink.setLink(link.index, LinkChange(isUp: true))
        }
    }

    /// Carries a change out and settles what follows from it; the result is how many entries it wrote.
    package func carryOut(
        _ change: DataplaneChange,
        _ compiler: inout PolicyCompiler
    ) async throws -> Int {
        var writes = try await dataplane.apply(change).mapWrites
        while compiler.needsSettling {
            writes += try await dataplane.apply(compiler.apply([])).mapWrites
        }
        return writes
    }

    /// Takes maps, links and programs away.
    package func down() async throws {
        await dataplane.stop()
        executor.stop()
        for folder in ["links", "maps"] {
            for name in Self.names(in: "\(root)/\(folder)") {
                unlink("\(root)/\(folder)/\(name)")
            }
            rmdir("\(root)/\(folder)")
        }
        rmdir(root)
    }

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
