internal import ArgumentParser
internal import Datastore
internal import IPAM
internal import Model
internal import Resources

/// The command `caracalctl ipam show`.
struct IPAMShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows how full the pools are, or who holds an address."
    )

    @Option(help: "Who holds this address.")
    var ip: String?

    @Flag(help: "The blocks of each pool too.")
    var showBlocks = false

    @Flag(help: "The addresses that nodes took from blocks of others.")
    var showBorrowed = false

    @Flag(help: "The settings.")
    var showConfiguration = false

    @OptionGroup var store: StoreOption

    func run() async throws {
        let store = try store.open()
        let ipam = IPAM(store: store)
        let console = Console.current
        if let ip {
            console.write(try await Self.holder(of: ip, ipam))
        } else if showConfiguration {
            console.write(Self.text(try await ipam.configuration()))
        } else if showBorrowed {
            console.write(try await Self.borrowed(store))
        } else {
            console.write(Self.text(try await ipam.utilization(), withBlocks: showBlocks))
        }
    }

    // MARK: Tables

    private static func text(_ pools: [PoolUtilization], withBlocks: Bool) -> String {
        var table = TextTable(["GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE", "IPS FREE"])
        for pool in pools {
            table.rows.append(
                row("IP Pool", pool.cidr, pool.capacity, pool.inUse, free: pool.available)
            )
            guard withBlocks else { continue }
            table.rows += pool.blocks.map { block in
                let (total, used) = (UInt64(block.capacity), UInt64(block.inUse))
                return row("Block", block.cidr, total, used, free: total - used)
            }
        }
        return table.text()
    }

    private static func row(
        _ grouping: String,
        _ cidr: Prefix,
        _ total: UInt64,
        _ used: UInt64,
        free: UInt64
    ) -> [String] {
        func share(_ count: UInt64) -> String {
            let percent = total == 0 ? 0 : (Double(count) / Double(total) * 100).rounded()
            return "\(count) (\(Int(percent))%)"
        }
        return [grouping, "\(cidr)", "\(total)", share(used), share(free)]
    }

    private static func text(_ configuration: IPAMConfiguration) -> String {
        var table = TextTable(["PROPERTY", "VALUE"])
        table.rows = [
            ["StrictAffinity", "\(configuration.strictAffinity)"],
            ["AutoAllocateBlocks", "\(configuration.autoAllocateBlocks)"],
            ["MaxBlocksPerHost", "\(configuration.maxBlocksPerHost)"],
            ["IPCooldownSeconds", "\(configuration.cooldown.components.seconds)"],
        ]
        return table.text()
    }

    private static func holder(of text: String, _ ipam: IPAM) async throws -> String {
        guard let address = Address(text) else {
            throw CommandFailure("Error: '\(text)' is no IP address", .usage)
        }
        let allocation: Allocation
        do {
            allocation = try await ipam.allocation(of: address)
        } catch {
            guard case .notFound = error else { throw error }
            throw CommandFailure("\(address) is not assigned", .notFound)
        }
        var lines = ["IP \(address) is in use", "Attributes:"]
        for (key, value) in allocation.attributes.owner.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(key): \(value)")
        }
        if let handle = allocation.attributes.handle { lines.append("  handle: \(handle)") }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func borrowed(_ store: any Datastore) async throws -> String {
        var table = TextTable(["IP", "BORROWING-NODE", "BLOCK", "BLOCK OWNER", "ALLOCATED-TO"])
        for allocation in try await BlockAllocation.all(in: store) where allocation.isBorrowed {
            table.rows.append([
                "\(allocation.address)", allocation.node ?? "", "\(allocation.block)",
                allocation.blockOwner.map { "\($0)" } ?? "(none)", allocation.holder,
            ])
        }
        return table.text()
    }
}
