import CFuzzer
import FuzzTargets
import Glibc

/// libFuzzer over one of the targets: `caracal-fuzz TARGET [libFuzzer's arguments]`.
@main
enum Fuzzer {
    /// Set once, before the first call from C.
    nonisolated(unsafe) private static var target = FuzzTarget.json

    static func main() {
        guard CommandLine.arguments.count > 1,
            let target = FuzzTarget(rawValue: CommandLine.arguments[1])
        else {
            print("usage: caracal-fuzz \(FuzzTarget.allCases.map(\.rawValue)) [-help=1] …")
            exit(2)
        }
        self.target = target
        let arguments = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)
        var pointers = arguments.map { strdup($0) } + [nil]
        let result = pointers.withUnsafeMutableBufferPointer { buffer in
            var count = Int32(arguments.count)
            var start = buffer.baseAddress
            return LLVMFuzzerRunDriver(&count, &start) { data, size in
                Fuzzer.target.run(Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            }
        }
        exit(result)
    }
}
