import Foundation

/// Runs vector files: `vectors FILE…`.
///
/// Prints each failing case with the difference, a tally for each file, and in the end how many
/// passed and failed; the exit code is 1 when any failed.
@main
struct Vectors {
    static func main() async {
        let paths = CommandLine.arguments.dropFirst()
        guard !paths.isEmpty else {
            print("usage: vectors FILE…")
            exit(2)
        }
        var total = Tally()
        for path in paths {
            do {
                total.add(try await run(VectorFile(path: path)))
            } catch {
                print("\(path): \(error)")
                total.failed += 1
            }
        }
        let skipped = total.skipped > 0 ? ", \(total.skipped) skipped" : ""
        print("\(total.passed) passed, \(total.failed) failed\(skipped)")
        exit(total.failed == 0 ? 0 : 1)
    }

    private static func run(_ file: VectorFile) async throws -> Tally {
        guard let type = families.first(where: { $0.recognises(file) }) else {
            print(
                "\(file.name): no runner knows these \(file.cases.count) cases: counted as failed"
            )
            return Tally(failed: file.cases.count)
        }
        let family = try type.init(file)
        var groups: [String: Tally] = [:]
        var reasons: [String: Int] = [:]
        for vector in file.cases {
            var tally = Tally()
            switch await outcome(of: vector, family) {
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

    private static func outcome(
        of vector: VectorCase,
        _ family: any VectorFamily
    ) async -> Outcome {
        do {
            return try await family.run(vector, asking: engines)
        } catch {
            return .failed(["cannot be run: \(error)"])
        }
    }

    private static func report(
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
