import ArgumentParser
import Foundation
import Glibc
import Model

/// BGP speakers side by side: ours and those of Debian, each as a process of its own.
@main
struct BenchBGP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-bgp",
        abstract: "Measures BGP speakers in the network namespace it is started in.",
        subcommands: [Compare.self, Speak.self, Simulate.self],
        defaultSubcommand: Compare.self
    )
}

struct Speak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs our speaker until killed.")

    @Option(help: "A file with a line a peer: address and AS.")
    var peers: String

    @Flag(help: "Learnt routes go into the kernel.")
    var kernel = false

    func run() async throws {
        var plan = try Plan(text: try String(contentsOfFile: peers, encoding: .utf8))
        plan.writesKernel = kernel
        try await Ours.run(plan)
    }
}

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compares our speaker with BIRD, FRR, GoBGP and OpenBGPD."
    )

    @Option(help: "Write the figures to this file.")
    var json: String?
    @Option(help: "Rounds of which the median counts; a daemon that needs over 10 s gets one.")
    var rounds = 5
    @Option(parsing: .upToNextOption, help: "Only these: pass, fanin, crowd, kernel, flaps.")
    var only: [Scenario] = []
    @Option(parsing: .upToNextOption, help: "Only these: caracal, bird, frr, gobgp, openbgpd.")
    var peers: [Contender] = []
    @Option(help: "Seconds until a run counts as failed.")
    var limit = 180
    @Option(help: "How long routes flap.")
    var flapSeconds = 60
    @Option(help: "How many peers crowd has.")
    var crowd = 1000
    @Option(help: "Nodes that are simulated; 0 for no simulation.")
    var nodes = 5000

    func run() throws {
        try prepare()
        var scale = Scale()
        scale.limit = .seconds(limit)
        scale.flapSeconds = flapSeconds
        scale.crowd = crowd
        var table = ResultTable()
        for scenario in Scenario.allCases where only.isEmpty || only.contains(scenario) {
            let chosen = scenario.contenders.filter {
                $0.isThere && (peers.isEmpty || peers.contains($0))
            }
            table.measure(scenario, chosen, scale, rounds: rounds)
        }
        table.print()
        if only.isEmpty, nodes > 0 {
            for shape in Simulate.Shape.allCases { print(try shape.run(nodes: nodes)) }
        }
        if let json { try table.write(json) }
        if table.hasMissed { throw ExitCode(1) }
    }

    /// A namespace of one's own has nothing up; a thousand sessions take descriptors.
    private func prepare() throws {
        try Child.run("ip link set lo up")
        try Child.run("ip address replace 10.99.0.2/16 dev lo")
        var limit = rlimit(rlim_cur: 65_536, rlim_max: 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        signal(SIGPIPE, SIG_IGN)
    }
}

extension Scenario: ExpressibleByArgument {}
extension Contender: ExpressibleByArgument {}
