// Maps compared with what they should hold: a slice now and then, or all at once.

extension Dataplane {
    /// Entries compared at a time: a few milliseconds of the dataplane's thread.
    package static let auditSlice = 2_000

    /// Compares the next slice and repairs what differs; called every second, it is through with a
    /// million entries in ten minutes, and with small maps at once.
    package func auditSlice() throws(DataplaneError) -> [AuditFinding] {
        let session = try running()
        let (start, passes) = (audit.compared, audit.passes)
        var findings: [AuditFinding] = []
        repeat {
            guard session.reconciler.hasPolicy, session.reconciler.isCurrent else { break }
            findings += try session.audit(&audit, limit: Self.auditSlice, .repair)
        } while audit.compared - start < Self.auditSlice && audit.passes == passes
        note(findings)
        return findings
    }

    /// Compares all maps now; other calls have their turn between the slices.
    ///
    /// Throws `.notCurrent` when the kernel is known to lag behind, which is repaired without us.
    package func auditAll(_ mode: AuditMode) async throws(DataplaneError) -> [AuditFinding] {
        var pass = AuditPass()
        var findings: [AuditFinding] = []
        while pass.passes == 0 {
            let session = try running()
            guard session.reconciler.hasPolicy, session.reconciler.isCurrent else {
                throw .notCurrent
            }
            findings += try session.audit(&pass, limit: 25 * Self.auditSlice, mode)
            await Task.yield()
        }
        if mode == .repair { note(findings) }
        return findings
    }

    private func note(_ findings: [AuditFinding]) {
        for finding in findings { differences[finding.map, default: 0] += 1 }
    }
}
