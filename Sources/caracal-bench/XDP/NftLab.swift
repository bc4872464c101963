import Cluster
import Foundation
import Model

/// A veth pair in a namespace of its own, and nftables that drops by a set what one end receives.
struct NftLab {
    enum Hook: String, CaseIterable {
        case ingress = "nft set, netdev ingress"
        case prerouting = "nft set, prerouting raw"

        fileprivate var family: String { self == .ingress ? "netdev" : "inet" }

        fileprivate var chain: String {
            switch self {
            case .ingress: "type filter hook ingress device \"in0\" priority -500;"
            case .prerouting: "type filter hook prerouting priority raw;"
            }
        }
    }

    let hook: Hook
    let namespace: String
    /// Frames sent by this one are received by the other.
    let interface = "out0"

    /// `pass` is a pinned XDP program that does nothing: with one a veth takes frames without an skb
    /// from its other end, as a driver of the wire does.
    init(_ hook: Hook, denying list: DenyList, pass: String) throws {
        self.hook = hook
        namespace = "bench\(getpid() % 1000)-\(hook)"
        try Command.run(["ip", "netns", "add", namespace])
        do {
            let ip = ["ip", "-n", namespace]
            try Command.run(ip + ["link", "add", "in0", "type", "veth", "peer", "name", "out0"])
            for link in ["lo", "in0", "out0"] { try Command.run(ip + ["link", "set", link, "up"]) }
            try Command.run(
                ["nsenter", "--net=\(ClusterPaths.netns(namespace))"]
                    + ["ip", "link", "set", "in0", "xdpdrv", "pinned", pass]
            )
            try nft(["-f", "-"], input: rules(list))
        } catch {
            down()
            throw error
        }
    }

    func down() { _ = try? Command.run(["ip", "netns", "del", namespace]) }

    /// Packets dropped since it was asked last: to list the counter, nft would read a million elements.
    func droppedSince() throws -> Double {
        let text = try nft(["reset", "counter", hook.family, "bench", "dropped"], input: "")
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let index = words.firstIndex(of: "packets"), let count = Double(words[index + 1])
        else { throw ClusterError("nft lists no counter: \(text)") }
        return count
    }

    private func rules(_ list: DenyList) -> String {
        let v4 = list.prefixes.filter { $0.family == .v4 }.map(\.description)
        let v6 = list.prefixes.filter { $0.family == .v6 }.map(\.description)
        return """
            table \(hook.family) bench {
              counter dropped { }
              set list4 {
                type ipv4_addr; flags interval; auto-merge
                elements = { \(v4.joined(separator: ",\n")) }
              }
              set list6 {
                type ipv6_addr; flags interval; auto-merge
                elements = { \(v6.joined(separator: ",\n")) }
              }
              chain drops {
                \(hook.chain)
                ip saddr @list4 counter name dropped drop
                ip6 saddr @list6 counter name dropped drop
              }
            }
            """
    }

    @discardableResult
    private func nft(_ arguments: [String], input: String) throws -> String {
        let output = try Command.run(
            ["nsenter", "--net=\(ClusterPaths.netns(namespace))", "nft"] + arguments,
            input: Data(input.utf8)
        )
        return String(decoding: output, as: UTF8.self)
    }
}
