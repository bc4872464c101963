import Foundation
import Glibc
import Linux
import Model

/// What is measured of one daemon in one run.
struct Reading {
    /// By the name of what was measured.
    var values: [Metric: Double] = [:]
    var losses = 0
    var lossReason = ""
}

/// A figure of the table.
enum Metric: String, CaseIterable {
    case passSeconds = "500,000 routes from one peer to one more"
    case passMemory = "resident memory then"
    case passCPU = "processor time then"
    case fanInSeconds = "50 peers with 20,000 identical routes"
    case fanInMemory = "resident memory with them"
    case upSeconds = "1,000 peers with 4 prefixes up and converged"
    case restartSeconds = "half of them restarted at once"
    case crowdMemory = "resident memory with 1,000 peers"
    case crowdLosses = "sessions lost meanwhile"
    case kernelSeconds = "100,000 learnt routes into the kernel"
    case flapGrowth = "5,000 flaps a second: memory, second half to first"
    case flapMemory = "memory at most then"
    case flapSilence = "longest wait for a keepalive then, of 3 s"
    case flapLag = "until all were told, after the last"

    var unit: String {
        switch self {
        case .passMemory, .fanInMemory, .crowdMemory, .flapMemory: "MiB"
        case .flapGrowth: "×"
        case .crowdLosses: "sessions"
        default: "s"
        }
    }
}

enum Scenario: String, CaseIterable {
    case pass, fanin, crowd, kernel, flaps

    /// Who takes part: kernels only where they are written, flaps beside BIRD.
    var contenders: [Contender] {
        switch self {
        case .kernel, .flaps: [.caracal, .bird]
        default: Contender.allCases
        }
    }
}

/// How large the runs are.
struct Scale {
    var routes = 500_000
    var fanInPeers = 50
    var fanInRoutes = 20_000
    var crowd = 1000
    var kernelRoutes = 100_000
    var flapSeconds = 60
    var limit = Duration.seconds(180)
}

/// Starts a daemon, drives it, and ends it.
struct Run {
    let scenario: Scenario
    let contender: Contender
    let scale: Scale

    func reading() throws -> Reading {
        switch scenario {
        case .pass: try pass()
        case .fanin: try fanIn()
        case .crowd: try crowd()
        case .kernel: try kernel()
        case .flaps: try flaps()
        }
    }

    func with(
        _ plan: Plan,
        _ body: (DaemonProcess, Swarm) throws -> Reading
    ) throws -> Reading {
        let daemon = try DaemonProcess(contender, plan)
        defer { daemon.stop() }
        let swarm = try Swarm(plan)
        do {
            var reading = try body(daemon, swarm)
            reading.losses = swarm.losses
            reading.lossReason = swarm.lossReason
            return reading
        } catch {
            throw BenchError(
                "\(contender.title): \(error)"
                    + (daemon.isRunning ? "" : "; it has ended: \(daemon.lastWords)")
            )
        }
    }

    func connect(_ swarm: Swarm) throws {
        _ = try swarm.run(limit: scale.limit, "sessions") { swarm.ends.allSatisfy(\.isUp) }
    }

    // MARK: A full table

    private func pass() throws -> Reading {
        let plan = Plan.external(2)
        return try with(plan) { daemon, swarm in
            var load = Load(
                nextHop: plan.peers[0].address,
                autonomousSystem: plan.peers[0].autonomousSystem
            )
            let bytes = load.updates(0..<scale.routes) + Load.endOfRIB
            try connect(swarm)
            let before = daemon.cpuSeconds
            swarm.ends[0].send(bytes)
            let receiver = swarm.ends[1]
            var reading = Reading()
            reading.values[.passSeconds] = try swarm.run(limit: scale.limit, "routes") {
                receiver.received.present == scale.routes
            }
            reading.values[.passMemory] = daemon.residentMiB
            reading.values[.passCPU] = daemon.cpuSeconds - before
            return reading
        }
    }

    // MARK: The same from many

    /// After its routes, each sender has one of its own: when the receiver has all of those, the
    /// speaker has read all there was.
    private func fanIn() throws -> Reading {
        let plan = Plan.external(scale.fanInPeers + 1)
        let total = scale.fanInRoutes + scale.fanInPeers
        return try with(plan) { daemon, swarm in
            let receiver = swarm.ends[scale.fanInPeers]
            let streams = (0..<scale.fanInPeers).map { number in
                var load = Load(
                    nextHop: plan.peers[number].address,
                    autonomousSystem: plan.peers[number].autonomousSystem
                )
                let own = scale.fanInRoutes + number
                return load.updates(0..<scale.fanInRoutes) + load.updates(own..<(own + 1))
            }
            try connect(swarm)
            for (number, bytes) in streams.enumerated() { swarm.ends[number].send(bytes) }
            var reading = Reading()
            reading.values[.fanInSeconds] = try swarm.run(limit: scale.limit, "routes") {
                receiver.received.present == total
            }
            reading.values[.fanInMemory] = daemon.residentMiB
            return reading
        }
    }

    // MARK: Many peers

    /// Reflector clients; those that restart come back with other prefixes, so that what each peer
    /// holds at the end tells that everything has happened.
    private func crowd() throws -> Reading {
        let plan = Plan.clients(scale.crowd)
        let (each, half) = (4, scale.crowd / 2)
        func stream(_ number: Int, _ first: Int) -> [UInt8] {
            var load = Load(nextHop: plan.peers[number].address, autonomousSystem: nil)
            return load.updates(first..<(first + each)) + Load.endOfRIB
        }
        return try with(plan) { daemon, swarm in
            for (number, end) in swarm.ends.enumerated() {
                end.routes = stream(number, number * each)
            }
            var reading = Reading()
            let total = scale.crowd * each
            reading.values[.upSeconds] = try swarm.run(limit: scale.limit, "convergence") {
                swarm.ends.allSatisfy { $0.isUp && $0.received.present >= total - each }
            }
            reading.values[.crowdMemory] = daemon.residentMiB
            for number in 0..<half {
                let end = swarm.ends[number]
                end.routes = stream(number, total + number * each)
                end.restart()
            }
            let gone = half * each
            func isSettled(_ end: PeerEnd) -> Bool {
                // The rest, and what has come anew, of which some may be its own.
                end.isUp && end.received.present >= total - each
                    && end.received.present <= total
                    && !end.received.hasAny(0..<gone)
            }
            reading.values[.restartSeconds] = try swarm.run(limit: scale.limit, "restart") {
                swarm.ends.allSatisfy(isSettled)
            }
            reading.values[.crowdLosses] = Double(swarm.losses)
            return reading
        }
    }
}
