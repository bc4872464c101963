import Foundation

/// Runs vector files: `vectors [--cluster [--sample N]] FILE…`.
///
/// Prints each failing case with the difference, a tally for each file, and in the end how many
/// passed and failed; the exit code is 1 when any failed. With `--cluster` real packets are asked, on a
/// cluster of network namespaces; with `--sample` only each Nth case.
@main
struct Vectors {
    private var paths: [String] = []
    private var usesCluster = false
    private var sample = 1

    static func main() async {
        guard let vectors = Vectors(CommandLine.arguments.dropFirst()) else {
            print("usage: vectors [--cluster [--sample N]] FILE…")
            exit(2)
        }
        let total = await vectors.run()
        let skipped = total.skipped > 0 ? ", \(total.skipped) skipped" : ""
        print("\(total.passed) passed, \(total.failed) failed\(skipped)")
        exit(total.failed == 0 ? 0 : 1)
    }

    private init?(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let argument = rest.popFirst() {
            switch argument {
            case "--cluster": usesCluster = true
            case "--sample":
                guard let number = rest.popFirst().flatMap({ Int($0) }), number > 0
                else { return nil }
                sample = number
            default: paths.append(argument)
            }
        }
        guard !paths.isEmpty, sample == 1 || usesCluster else { return nil }
    }

    private func run() async -> Tally {
        var total = Tally()
        for path in paths {
            do {
                total.add(try await run(VectorFile(path: path)))
            } catch {
                print("\(path): \(error)")
                total.failed += 1
            }
        }
        return total
    }

    private func run(_ file: VectorFile) async throws -> Tally {
        guard let type = families.first(where: { $0.recognises(file) }) else {
            print(
                "\(file.name): no runner knows these \(file.cases.count) cases: counted as failed"
            )
            return Tally(failed: file.cases.count)
        }
        let family = try type.init(file)
        guard usesCluster else {
            return await run(file.cases, of: file, family) { vector in
                try await family.run(vector, asking: engines)
            }
        }
        guard let family = family as? any LiveFamily else {
            throw VectorError("these cases cannot be shown by packets")
        }
        let cases = file.cases.enumerated().filter { $0.offset % sample == 0 }.map(\.element)
        return try await LiveCluster.with(family.addresses) { cluster in
            await run(cases, of: file, family) { try await family.run($0, on: cluster) }
        }
    }

    private func run(
        _ cases: [VectorCase],
        of file: VectorFile,
        _ family: any VectorFamily,
        _ judge: (VectorCase) async throws -> Outcome
    ) async -> Tally {
        var groups: [String: Tally] = [:]
        var reasons: [String: Int] = [:]
        for vector in cases {
            var tally = Tally()
            switch await outcome(of: vector, judge) {
            case .passed: tally.passed = 1
            case .failed(let differences):
                tally.failed = 1
                print("\(file.name): \(vector.id) failed")
                for difference in differences.prefix(5) { print("    \(difference)") }
                if differences.count > 5 { print("    and \(differences.count - 5) more") }
            case .skipped(let reason):
                tally.skipped = 1
                reasons[reason, default: 0] += 1
            }
            groups[family.group(of: vector), default: Tally()].add(tally)
        }
        return report(file, groups, reasons)
    }

    private func outcome(
        of vector: VectorCase,
        _ judge: (VectorCase) async throws -> Outcome
    ) async -> Outcome {
        do {
            return try await judge(vector)
        } catch {
            return .failed(["cannot be run: \(error)"])
        }
    }

    private func report(
        _ file: VectorFile,
        _ groups: [String: Tally],
        _ reasons: [String: Int]
    ) -> Tally {
        var total = Tally()
        for (name, tally) in groups.sorted(by: { $0.key < $1.key }) {
            total.add(tally)
            print("\(file.name): \(name): \(tally)")
        }
        for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
            print("\(file.name): \(count) skipped: \(reason)")
        }
        return total
    }
}

/// How many cases came out how.
struct Tally: CustomStringConvertible {
    var passed = 0
    var failed = 0
    var skipped = 0

    mutating func add(_ other: Tally) {
        passed += other.passed
        failed += other.failed
        skipped += other.skipped
    }

    var description: String {
        "\(passed) passed, \(failed) failed" + (skipped > 0 ? ", \(skipped) skipped" : "")
    }
}
