internal import ArgumentParser
internal import Datastore
internal import Foundation
internal import IPAM
internal import JSON
internal import Model

/// The command `caracalctl ipam release`.
struct IPAMRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Gives addresses back.",
        discussion: """
            With --from-report the addresses that the report calls unused are given back, unless \
            they were assigned anew or are used since; --force leaves out the look at who uses \
            them now.
            """
    )

    @Option(help: "The address.")
    var ip: String?

    @Option(help: ArgumentHelp("A report of `ipam check -o`.", valueName: "file"))
    var fromReport: [String] = []

    @Flag(help: "Gives back what is in use too.")
    var force = false

    @OptionGroup var store: StoreOption

    func run() async throws {
        guard (ip == nil) != fromReport.isEmpty else {
            throw CommandFailure("Error: expected either --ip or --from-report", .usage)
        }
        let store = try store.open()
        let releases = try ip.map { [Release(try Self.address($0))] } ?? fromReport.flatMap(read)
        if !force { try await refuseUsed(releases, store) }
        let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
        let missing = try await IPAM(store: store).release(releases, now: now)
        for release in releases where !missing.contains(release.address) {
            Console.current.writeLine("Successfully released IP address \(release.address)")
        }
        guard missing.isEmpty else {
            throw CommandFailure(missing.map { "Error: \($0) is not assigned" }, .notFound)
        }
    }

    /// An address that a pod uses would be handed out twice.
    private func refuseUsed(_ releases: [Release], _ store: any Datastore) async throws {
        let usage = try await AddressUsage(store)
        let leaked = Set(usage.leaked.map(\.address))
        let wanted = Set(releases.map(\.address))
        let lines = usage.allocations
            .filter { $0.pod != nil && wanted.contains($0.address) && !leaked.contains($0.address) }
            .map { "Error: \($0.address) is in use by \($0.holder); see --force" }
        guard lines.isEmpty else { throw CommandFailure(lines, .conflict) }
    }

    private func read(_ path: String) throws -> [Release] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("Error: \(path): cannot be read", .notFound)
        }
        let report: JSONValue
        do throws(JSONError) {
            report = try JSONValue(parsing: Array(data))
        } catch {
            throw CommandFailure("Error: \(path): \(error)", .invalid)
        }
        guard let allocations = report["allocations"]?.array else {
            throw CommandFailure("Error: \(path): no report of `ipam check`", .invalid)
        }
        return try allocations.filter { $0["inUse"]?.bool == false }.map { entry in
            Release(
                try Self.address(entry["ip"]?.string ?? ""),
                handle: entry["handle"]?.string,
                sequenceNumber: entry["sequenceNumber"]?.int.map { UInt64(clamping: $0) }
            )
        }
    }

    private static func address(_ text: String) throws(CommandFailure) -> Address {
        guard let address = Address(text) else {
            throw CommandFailure("Error: '\(text)' is no IP address", .usage)
        }
        return address
    }
}
