import ArgumentParser
import Foundation
import Glibc
import Model

/// How long a BGP speaker takes to pass a full table on, and what it keeps in memory for it.
///
/// Two peers of the speaker at 127.0.0.2: one at 127.0.0.3, AS 65003, sends all routes; one at
/// 127.0.0.4, AS 65004, gets them. The time is from the first byte sent to the last route received.
@main
struct BenchBGP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-bgp",
        subcommands: [Speak.self, Measure.self]
    )
}

struct Size: ParsableArguments {
    @Option(help: "How many routes are sent.")
    var routes = 500_000

    @Option(help: "How many prefixes an UPDATE has.")
    var perUpdate = 10

    @Option(help: "The speaker's port.")
    var port: UInt16 = 1790

    var drive: Drive {
        var drive = Drive()
        drive.routes = routes
        drive.perUpdate = perUpdate
        drive.port = port
        return drive
    }
}

struct Speak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs our speaker until killed.")

    @OptionGroup var size: Size

    func run() async throws { try await Ours.run(size.drive) }
}

struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drives a speaker that runs already, or our own."
    )

    @OptionGroup var size: Size

    @Option(help: "The speaker's process; without it our own is started.")
    var pid: Int32?

    @Option(help: "What to call it in the result.")
    var name = "caracal"

    func run() throws {
        guard let pid else { return try withOurs { try measure($0) } }
        try measure(pid)
    }

    private func measure(_ pid: Int32) throws {
        let result = try size.drive.run(speaker: pid)
        print(
            """
            {"name": "\(name)", "routes": \(size.routes), "seconds": \(rounded(result.seconds)), \
            "residentMiB": \(rounded(result.residentMiB)), "peakMiB": \(rounded(result.peakMiB)), \
            "updatesReceived": \(result.updates)}
            """
        )
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    private func withOurs(_ body: (Int32) throws -> Void) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe")
            .resolvingSymlinksInPath()
        process.arguments = ["speak", "--port", "\(size.port)"]
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        try body(process.processIdentifier)
    }
}
