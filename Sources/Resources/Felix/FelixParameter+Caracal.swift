// Parameters that Felix does not have.

extension FelixParameter {
    package static let caracal: [FelixParameter] = [
        // What becomes of a connection that exists when a change of policy denies it: Drop, from its
        // next packet on; Reset, the same and a TCP reset to both ends; Allow, it lives on, as
        // with Calico.
        FelixParameter("revokedFlowAction", .words(["Allow", "Drop", "Reset"]), "Drop")
    ]
}
