internal import BPF
package import CBPFABI

extension TestNode {
    /// Gives an interface (0: all) a host endpoint that denies the node's own traffic, but for `change`.
    ///
    /// `stage` says what its programs would be were staged policies enforced; 0 is nothing staged.
    package func setHost(
        _ ifindex: UInt32,
        _ change: (inout cara_host_programs) -> Void = { _ in },
        staged stage: (inout cara_host_programs) -> Void = { _ in }
    ) throws {
        let none = UInt32(CARA_PROGRAM_NONE)
        var programs = cara_host_programs()
        programs.untracked_ingress = none
        programs.untracked_egress = none
        programs.prednat = none
        programs.forward_ingress = none
        programs.forward_egress = none
        change(&programs)
        var staged = cara_host_programs()
        stage(&staged)
        let host = cara_host(v4: programs, v6: programs, staged_v4: staged, staged_v6: staged)
        try maps.hosts.set(ifindex, to: host)
        var settings = try unwrap(try maps.settings.get(0), "settings")
        settings.has_hosts = 1
        try maps.settings.set(0, to: settings)
    }
}
