import CFuzzer
import FuzzTargets
import Glibc

/// libFuzzer over the target that `FUZZ_TARGET` names, which libFuzzer hands on to the processes that it
/// starts itself; the arguments are libFuzzer's.
@main
enum Fuzzer {
    /// Set once, before the first call from C.
    nonisolated(unsafe) private static var target = FuzzTarget.json

    static func main() {
        guard let name = getenv("FUZZ_TARGET"),
            let target = FuzzTarget(rawValue: String(cString: name))
        else {
            print("FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue))")
            exit(2)
        }
        self.target = target
        let arguments = CommandLine.arguments
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
