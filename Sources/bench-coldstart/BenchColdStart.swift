import Compile
import Glibc
import JSON

/// The policy engine and the dataplane of one node in a cluster of a given shape.
///
/// Measured in a process that holds nothing else; `scripts/bench coldstart` runs it and compares.
///
///     bench-coldstart start SHAPE     one cold start, as a JSON object
///     bench-coldstart changes COUNT   label changes in cluster (a), milliseconds each
@main
struct BenchColdStart {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        switch (arguments.first, arguments.last) {
        case ("start", let name?):
            guard let shape = ClusterShape(rawValue: name) else { fail() }
            print(try await ColdStart.measure(shape).text())
        case ("changes", let text?):
            guard let count = Int(text) else { fail() }
            let values = try await LabelChanges.measure(count).map { JSONValue.double($0) }
            print(JSONValue.array(values).text())
        default: fail()
        }
    }

    private static func fail() -> Never {
        print("usage: bench-coldstart start a|b|c|d | changes COUNT")
        exit(2)
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
