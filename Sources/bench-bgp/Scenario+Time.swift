import Foundation
import Glibc
import Linux
import Model

// What goes into the kernel, and what goes on for long.

extension Run {
    /// From the first byte sent to the last route in the main table.
    func kernel() throws -> Reading {
        try Child.run("ip link add gate type veth peer name wire")
        defer { _ = try? Child.run("ip link delete gate") }
        try Child.run("ip address add 10.98.0.1/16 dev gate")
        try Child.run("ip link set wire up")
        try Child.run("ip link set gate up")
        var plan = Plan.external(1)
        plan.writesKernel = true
        let before = try Self.kernelRoutes()
        return try with(plan) { daemon, swarm in
            var bytes: [UInt8] = []
            let gateways = 32
            for gateway in 0..<gateways {
                var load = Load(
                    nextHop: Address(v4: 0x0a62_0002 + UInt32(gateway)),
                    autonomousSystem: plan.peers[0].autonomousSystem
                )
                let (all, part) = (scale.kernelRoutes, scale.kernelRoutes / gateways)
                let end = gateway == gateways - 1 ? all : (gateway + 1) * part
                bytes += load.updates((gateway * part)..<end)
            }
            try connect(swarm)
            swarm.ends[0].send(bytes)
            var (next, count) = (ContinuousClock.now, 0)
            var reading = Reading()
            reading.values[.kernelSeconds] = try swarm.run(limit: scale.limit, "routes") {
                if ContinuousClock.now < next { return false }
                count = try Self.kernelRoutes() - before
                next = .now + .milliseconds(10)
                return count >= scale.kernelRoutes
            }
            return reading
        }
    }

    /// Prefixes of the main table, by the kernel's own statistics: cheap, and not in its way.
    private static func kernelRoutes() throws -> Int {
        let text = String(decoding: try File.read("/proc/net/fib_triestat"), as: UTF8.self)
        var isMain = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("Main:") { isMain = true }
            if line.hasPrefix("Local:") { isMain = false }
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            if isMain, words.first == "Prefixes:", words.count > 1, let count = Int(words[1]) {
                return count
            }
        }
        // No table of its own while nothing but local routes is there.
        return 0
    }

    // MARK: Flaps

    /// One peer takes prefixes back and announces them again, 5,000 of either a second; nine read
    /// what the speaker makes of it, and one reads nothing until it is over.
    func flaps() throws -> Reading {
        let plan = Plan.external(11)
        let (routes, rate) = (20_000, 5000)
        return try with(plan) { daemon, swarm in
            var load = Load(
                nextHop: plan.peers[0].address,
                autonomousSystem: plan.peers[0].autonomousSystem
            )
            try connect(swarm)
            swarm.ends[0].send(load.updates(0..<routes))
            _ = try swarm.run(limit: scale.limit, "routes") {
                swarm.ends.dropFirst().allSatisfy { $0.received.present == routes }
            }
            var (turn, samples, nextSample) = (0, [Double](), ContinuousClock.now)
            let start = ContinuousClock.now
            swarm.deaf = [swarm.ends.count - 1]
            _ = try swarm.run(limit: .seconds(scale.flapSeconds * 3), "flaps") {
                let passed = (ContinuousClock.now - start).seconds
                // 50 withdrawn, and the 50 before announced again: a flap each.
                while Double(turn * 50) < passed * Double(rate),
                    turn * 50 < rate * scale.flapSeconds
                {
                    let (down, up) = (turn % 400 * 50, (turn + 399) % 400 * 50)
                    swarm.ends[0].send(Load.withdrawals(down..<(down + 50)))
                    if turn > 0 { swarm.ends[0].send(load.updates(up..<(up + 50))) }
                    turn += 1
                }
                if ContinuousClock.now >= nextSample {
                    samples.append(daemon.residentMiB)
                    nextSample = .now + .seconds(1)
                }
                return turn * 50 >= rate * scale.flapSeconds && swarm.ends[0].isDrained
            }
            swarm.deaf = []
            let final = (turn + 399) % 400 * 50
            swarm.ends[0].send(load.updates(final..<(final + 50)))
            var reading = Reading()
            reading.values[.flapLag] = try swarm.run(limit: scale.limit, "the last flaps") {
                swarm.ends.dropFirst().allSatisfy { $0.received.present == routes }
            }
            let half = max(1, samples.count / 2)
            let (first, second) = (samples.prefix(half).max() ?? 1, samples.suffix(half).max() ?? 1)
            reading.values[.flapGrowth] = second / first
            reading.values[.flapMemory] = samples.max()
            // The sender is told nothing but keepalives.
            reading.values[.flapSilence] = swarm.ends[0].longestSilence.seconds
            return reading
        }
    }
}
