package import Glibc

/// An open file descriptor with one owner; closed when the owner goes away.
package struct Descriptor: ~Copyable, Sendable {
    private let raw: Int32

    /// Takes ownership of `raw`, which must be open.
    package init(owning raw: Int32) {
        precondition(raw >= 0, "\(raw) is no descriptor")
        self.raw = raw
    }

    deinit {
        close(raw)
    }

    /// Lends the number for the length of one call.
    package borrowing func withRaw<R: ~Copyable, E: Error>(
        _ body: (Int32) throws(E) -> R
    ) throws(E) -> R {
        try body(raw)
    }

    /// Gives the number up; whoever takes it closes it.
    package consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }
}

extension Descriptor {
    /// Opens a file; the descriptor is closed on `exec`.
    ///
    /// The corresponding C function is `open`.
    package init(
        opening path: String,
        _ flags: Int32,
        mode: mode_t = 0o600
    ) throws(LinuxError) {
        let raw = try call("open", on: path) { open(path, flags | O_CLOEXEC, mode) }
        self.init(owning: raw)
    }

    /// A second number for the same open file.
    ///
    /// The corresponding C call is `fcntl` with `F_DUPFD_CLOEXEC`.
    package borrowing func duplicate() throws(LinuxError) -> Descriptor {
        let copy = try call("dup") { fcntl(raw, F_DUPFD_CLOEXEC, 0) }
        return Descriptor(owning: copy)
    }
}
