internal import ArgumentParser

/// The command `caracalctl ipam`.
struct IPAMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ipam",
        abstract: "Shows, checks and changes the allocation of addresses.",
        subcommands: [IPAMShow.self, IPAMCheck.self, IPAMRelease.self, IPAMConfigure.self]
    )
}
