import Glibc
import Linux

/// Lets the kernel hurry while programs are hung on an interface.
///
/// Each new TCX link waits for an RCU grace period while it holds the lock of all links
/// (`tcx_entry_sync`, Linux 6.6): 8–16 ms, twice for every pod, one pod after another. Expedited, the
/// wait is a fraction of a millisecond; what it costs is an interrupt on each CPU. Kernels and
/// containers without the switch only wait longer.
struct GracePeriods {
    /// The kernel's switch: `0` or `1`, for the whole machine.
    private let control: String
    /// Says that it was us who turned the switch, for the successor of an agent that died meanwhile.
    private let marker: String

    init(
        control: String = "/sys/kernel/rcu_expedited",
        marker: String = "/run/caracal-rcu-expedited"
    ) {
        self.control = control
        self.marker = marker
    }

    /// Turns the switch back that a killed agent left on.
    func recover() {
        guard access(marker, F_OK) == 0 else { return }
        turnBack()
    }

    /// Runs `body` with expedited grace periods; a switch that somebody else turned on stays as it is.
    func hurrying<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        guard turnOn() else { return try body() }
        defer { turnBack() }
        return try body()
    }

    private func turnOn() -> Bool {
        guard let state = try? File.read(control, limit: 8), state.first == UInt8(ascii: "0")
        else { return false }
        let descriptor = open(marker, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return (try? File.overwrite(control, with: "1")) != nil
    }

    private func turnBack() {
        guard (try? File.overwrite(control, with: "0")) != nil else { return }
        unlink(marker)
    }
}
