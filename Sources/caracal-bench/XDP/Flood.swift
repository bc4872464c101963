import BPF
import Cluster
import Foundation
import Glibc
import Linux
import Model

/// Frames from the sources of a list, sent out of one interface as fast as one CPU can.
///
/// Who receives them runs on that CPU too: the interface is a veth's, whose other end takes a batch when
/// it has been sent. The time a frame takes is that of both.
struct Flood: ~Copyable {
    /// A source as the program's map holds it: 16 bytes in network order.
    private struct Source: BitwiseCopyable {
        let high: UInt64
        let low: UInt64
    }

    private let program: Program
    private let namespace: String
    private let folder: String
    private static let frame = [UInt8](repeating: 0, count: 74)

    /// Loads the program, which sends by `interface` of `namespace`.
    ///
    /// It is pinned with its maps in `folder`, which is removed at the end. There must be as many
    /// sources as its map has room for.
    init(
        pinnedIn folder: String,
        _ sources: [Address],
        by interface: String,
        in namespace: String
    ) throws {
        try Command.run([
            "sh", "-c", "mountpoint -q /sys/fs/bpf || mount -t bpf bpffs /sys/fs/bpf",
        ])
        try Command.run(["mkdir", "-p", folder])
        try Command.run([
            "bpftool", "prog", "loadall", "bpf/test/flood.bpf.o", folder, "pinmaps", folder,
        ])
        let map = try BPF.Map<UInt32, Source>(pinned: "\(folder)/flood_sources")
        let values = sources.map { Source(high: $0.high.bigEndian, low: $0.low.bigEndian) }
        try map.set((0..<UInt32(values.count)).map { $0 }, to: values)
        let index = try NetworkNamespace(path: ClusterPaths.netns(namespace)).run {
            if_nametoindex(interface)
        }
        try BPF.Map<UInt32, UInt32>(pinned: "\(folder)/flood_way").set(0, to: index)
        program = try Program(pinned: "\(folder)/flood_send")
        self.namespace = namespace
        self.folder = folder
    }

    deinit {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            unlink("\(folder)/\(name)")
        }
        rmdir(folder)
    }

    /// Sends so many frames; returns frames a second.
    func send(_ count: Int) throws -> Double {
        try NetworkNamespace(path: ClusterPaths.netns(namespace)).run {
            let start = ContinuousClock.now
            try program.transmit(Self.frame, count: count)
            return Double(count) / (start.duration(to: .now) / .seconds(1))
        }
    }
}
