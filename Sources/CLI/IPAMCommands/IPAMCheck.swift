internal import ArgumentParser
internal import Datastore
internal import Foundation
internal import IPAM
internal import JSON
internal import Model
internal import Resources

/// The command `caracalctl ipam check`.
struct IPAMCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Looks for contradictions and for addresses that nobody uses.",
        discussion: """
            Exits with 1 when something is wrong. Best while nothing is being assigned: what is \
            half done looks like a fault. The report of -o can be given to `ipam release`.
            """
    )

    @Flag(help: "Lists every address in use.")
    var showAllIps = false

    @Flag(help: "Lists the addresses that nobody uses, or that were never assigned.")
    var showProblemIps = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Writes a report.", valueName: "file"))
    var output: String?

    @OptionGroup var store: StoreOption

    func run() async throws {
        let store = try store.open()
        let report = try await IPAM(store: store).check()
        let usage = try await AddressUsage(store)
        let console = Console.current
        console.writeLine("Checking IPAM for inconsistencies...")
        console.writeLine(
            "Found \(report.blocks) blocks, \(report.affinities) affinities, "
                + "\(report.handles) handles and \(report.addressesInUse) addresses in use."
        )
        if showAllIps {
            for one in usage.allocations {
                console.writeLine("  \(one.address) is held by \(one.holder)")
            }
        }
        for problem in report.problems { console.writeLine("  \(problem.text)") }
        console.writeLine("Found \(usage.leaked.count) addresses that nobody uses.")
        console.writeLine("Found \(usage.unassigned.count) addresses in use but not assigned.")
        if showProblemIps || showAllIps {
            for one in usage.leaked {
                console.writeLine("  \(one.address) leaked; it was held by \(one.holder)")
            }
            for (address, pod) in usage.unassigned {
                console.writeLine("  \(address) of \(pod) is not assigned")
            }
        }
        let count = report.problems.count + usage.leaked.count + usage.unassigned.count
        console.writeLine("Check complete; found \(count) problems.")
        if let output { try write(usage.report, to: output) }
        guard count == 0 else { throw CommandFailure([], .failure) }
    }

    private func write(_ report: JSONValue, to path: String) throws(CommandFailure) {
        let data = Data(report.bytes(indentation: 2) + [0x0a])
        do {
            try data.write(to: URL(filePath: path))
        } catch {
            throw CommandFailure("Error: \(path): cannot be written", .failure)
        }
    }
}

/// Which assigned addresses pods use, and the reverse.
struct AddressUsage: Sendable {
    let allocations: [BlockAllocation]
    /// Assigned for pods that do not exist or have other addresses.
    let leaked: [BlockAllocation]
    /// Of pods, in a pool, and not assigned.
    let unassigned: [(address: Address, pod: String)]

    init(_ store: any Datastore) async throws(DatastoreError) {
        let endpoints = try await store.snapshot([.core("Pod"), WorkloadEndpoints.type]).items
            .compactMap { object in
                object.type == WorkloadEndpoints.type
                    ? object : WorkloadEndpoints.derived(from: object)
            }
        var users: [Address: String] = [:]
        for endpoint in endpoints {
            let name = "\(endpoint.namespace ?? "")/\(WorkloadEndpoints.workload(of: endpoint))"
            for network in endpoint.spec["ipNetworks"]?.array ?? [] {
                guard let prefix = network.string.flatMap({ Prefix($0) }) else { continue }
                users[prefix.address] = name
            }
        }
        let pools = try await store.list(.calico("IPPool"), namespace: nil).items
            .compactMap { Pool($0) }
        allocations = try await BlockAllocation.all(in: store)
        leaked = allocations.filter { $0.pod != nil && users[$0.address] != $0.pod }
        let assigned = Set(allocations.map(\.address))
        unassigned = users.filter { address, _ in
            !assigned.contains(address) && pools.contains { $0.cidr.contains(address) }
        }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// What `ipam release --from-report` reads.
    var report: JSONValue {
        let leaked = Set(leaked)
        let entries = allocations.map { one in
            var entry: JSONValue = [
                "ip": .string("\(one.address)"),
                "holder": .string(one.holder),
                "sequenceNumber": .int(Int64(clamping: one.sequenceNumber)),
                "inUse": .bool(!leaked.contains(one)),
            ]
            entry["handle"] = one.handle.map { .string($0) }
            return entry
        }
        return ["kind": "IPAMReport", "allocations": .array(entries)]
    }
}

extension IPAMProblem {
    /// One line for a person.
    var text: String {
        switch self {
        case .leakedHandle(let handle, let block, let counted):
            "handle \(handle) counts \(counted) addresses of \(block) and holds none there"
        case .handleCountHigh(let handle, let block, let counted, let held),
            .handleCountLow(let handle, let block, let counted, let held):
            "handle \(handle) counts \(counted) addresses of \(block) and holds \(held)"
        case .noHandle(let address): "\(address) is held without a handle"
        case .blockWithoutAffinity(let block, let owner):
            "block \(block) is of \(owner), who has no affinity to it"
        case .affinityWithoutBlock(let block, let owner):
            "\(owner) has an affinity to \(block), which does not exist"
        case .affinityMismatch(let block, let owner, let actual):
            "\(owner) has an affinity to \(block), which is of \(actual.map { "\($0)" } ?? "nobody")"
        case .affinityUnconfirmed(let block, let owner, let state):
            "the affinity of \(owner) to \(block) is \(state.rawValue)"
        case .overlap(let first, let second): "blocks \(first) and \(second) overlap"
        case .blockWithoutPool(let block): "block \(block) is in no pool"
        case .blockOfUnknownNode(let block, let node): "block \(block) is of \(node), no known node"
        case .abandonedBlock(let block): "block \(block) is empty and of nobody"
        case .lostAddresses(let block, let count):
            "\(count) addresses of \(block) are neither free nor held"
        case .corrupt(let why): why
        }
    }
}
