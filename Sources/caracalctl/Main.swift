internal import CLI
internal import Foundation

/// `caracalctl`; all of it is in the module CLI.
@main
struct Main {
    static func main() async {
        let console = Console.standard(environment: ProcessInfo.processInfo.environment)
        exit(await Caracalctl.run(Array(CommandLine.arguments.dropFirst()), on: console))
    }
}
