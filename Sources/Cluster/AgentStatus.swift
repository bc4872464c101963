import Foundation
import Glibc
import Linux
import Model

/// What a node's agent says of itself over HTTP, asked from inside the node's namespace.
package struct AgentStatus: Sendable {
    private let namespace: String
    private static let healthPort: UInt16 = 9099
    private static let metricsPort: UInt16 = 9091

    package init(_ cluster: Cluster, node: String) {
        namespace = ClusterPaths.netns(cluster.paths.namespace(ofNode: node))
    }

    /// Sum of all series of a metric whose labels contain `label`; `nil` when there is none.
    package func metric(_ name: String, _ label: String = "") throws -> Double? {
        let series = try get("/metrics", Self.metricsPort).body.split(separator: "\n").filter {
            line in
            (line.hasPrefix(name + " ") || line.hasPrefix(name + "{"))
                && (label.isEmpty || line.contains(label))
        }
        guard !series.isEmpty else { return nil }
        return series.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }

    /// Whether it is ready, with a line for each of its parts.
    package func readiness() throws -> (isReady: Bool, text: String) {
        let answer = try get("/readiness", Self.healthPort)
        return ((200..<300).contains(answer.status), answer.body)
    }

    private func get(_ path: String, _ port: UInt16) throws -> (status: Int, body: String) {
        let request = Array("GET \(path) HTTP/1.0\r\nHost: localhost\r\n\r\n".utf8)
        let loopback = Address(v4: 0x7f00_0001)
        let answer: [UInt8] = try NetworkNamespace(path: namespace).run {
            let socket = try Socket.open(.v4, .stream, protocol: Int32(IPPROTO_TCP))
            let descriptor = try Descriptor(owning: call("dup") { socket.blockingCopy() })
            return try descriptor.withRaw { raw in
                _ = try call("connect to the agent's port \(port)") {
                    withSocketAddress(loopback, port) { connect(raw, $0, $1) }
                }
                _ = try call("send") { send(raw, request, request.count, Int32(MSG_NOSIGNAL)) }
                var answer: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65536)
                while case let count = try call("recv", { recv(raw, &buffer, buffer.count, 0) }),
                    count > 0
                {
                    answer += buffer.prefix(count)
                }
                return answer
            }
        }
        let text = String(decoding: answer, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        guard let head = parts.first, let status = head.split(separator: " ").dropFirst().first,
            let code = Int(status)
        else { throw ClusterError("port \(port) answered: \(text)") }
        return (code, parts.count == 2 ? String(parts[1]) : "")
    }
}
