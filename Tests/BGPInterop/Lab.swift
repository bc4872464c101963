import Foundation
import Glibc
import Linux
import Synchronization

/// Two namespaces with a link between them, for one test.
///
///     us 10.99.0.2/24, fd99::2/64 ---- 10.99.0.1/24, fd99::1/64 peer
///
/// The daemons in them are ended and everything is removed when the lab goes.
final class Lab: Sendable {
    let us: String
    let peer: String
    /// For configurations and sockets.
    let folder: String
    private let daemons = Mutex<[Process]>([])
    private static let counter = Mutex(0)

    init() throws {
        let number = Self.counter.withLock { count in
            count += 1
            return count
        }
        us = "bi\(getpid())-\(number)u"
        peer = "bi\(getpid())-\(number)p"
        folder = "/tmp/bgp-interop-\(getpid())-\(number)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Shell.run(["chmod", "0777", folder])
        for name in [us, peer] {
            try Shell.run(["ip", "netns", "add", name])
            try Shell.run(["ip", "-n", name, "link", "set", "lo", "up"])
        }
        try Shell.run([
            "ip", "-n", us, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0",
            "netns", peer,
        ])
        try address(us, "10.99.0.2/24", "fd99::2/64")
        try address(peer, "10.99.0.1/24", "fd99::1/64")
    }

    private func address(_ name: String, _ v4: String, _ v6: String) throws {
        try Shell.run(["ip", "-n", name, "address", "add", v4, "dev", "eth0"])
        try Shell.run(["ip", "-n", name, "address", "add", v6, "dev", "eth0", "nodad"])
        try Shell.run(["ip", "-n", name, "link", "set", "eth0", "up"])
    }

    /// Writes a file of the lab's folder and gives its path.
    func file(_ name: String, _ text: String) throws -> String {
        let path = "\(folder)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Starts a daemon in the peer's namespace; its output goes to a file of the lab's folder.
    @discardableResult
    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ip", "netns", "exec", peer] + arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(environment) { _, new in new }
        let log = "\(folder)/daemon.log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = process.standardOutput
        process.standardInput = FileHandle.nullDevice
        try process.run()
        daemons.withLock { $0.append(process) }
        return process
    }

    /// Runs a program in the peer's namespace.
    @discardableResult
    func inPeer(_ arguments: [String]) throws -> String {
        try Shell.run(["ip", "netns", "exec", peer] + arguments)
    }

    /// Nothing gets through any more, and nobody is told: the link stays up.
    func cut() throws {
        try inPeer(["ip", "address", "flush", "dev", "eth0"])
    }

    func stopDaemons(_ signal: Int32 = SIGTERM) {
        let running = daemons.withLock { list in
            defer { list = [] }
            return list
        }
        for process in running {
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
        }
    }

    deinit {
        stopDaemons(SIGKILL)
        for name in [us, peer] { _ = try? Shell.run(["ip", "netns", "delete", name]) }
        _ = try? FileManager.default.removeItem(atPath: folder)
    }
}
