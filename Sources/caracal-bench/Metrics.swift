import CLinux
import Cluster
import Foundation
import Glibc
import Linux
import Model

/// Reads an agent's Prometheus metrics from inside its node's namespace.
struct Metrics {
    let namespace: String

    init(_ cluster: Cluster, node: String) {
        namespace = ClusterPaths.netns(cluster.paths.namespace(ofNode: node))
    }

    /// Sum of all series of a metric; `nil` when there is none of that name.
    func value(_ name: String) throws -> Double? {
        let series = try text().split(separator: "\n").filter { line in
            line.hasPrefix(name + " ") || line.hasPrefix(name + "{")
        }
        guard !series.isEmpty else { return nil }
        return series.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(
            0,
            +
        )
    }

    private func text() throws -> String {
        let request = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n"
        return try NetworkNamespace(path: namespace).run {
            let descriptor = try Descriptor(
                owning: call("socket") {
                    socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                }
            )
            return try descriptor.withRaw { raw in
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = UInt16(9091).bigEndian
                address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
                _ = try withUnsafePointer(to: &address) { pointer in
                    try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                        try call("connect to the agent's metrics port") {
                            connect(raw, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
                        }
                    }
                }
                _ = try call("send") { send(raw, request, request.utf8.count, 0) }
                var answer = [UInt8]()
                var buffer = [UInt8](repeating: 0, count: 65536)
                while case let count = try call("recv", { recv(raw, &buffer, buffer.count, 0) }),
                    count > 0
                {
                    answer += buffer.prefix(count)
                }
                return String(decoding: answer, as: UTF8.self)
            }
        }
    }
}
