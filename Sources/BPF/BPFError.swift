import Glibc
import Linux

/// What the kernel or libbpf refused, and on which object.
package struct BPFError: Error, Hashable, Sendable, CustomStringConvertible {
    package let operation: String
    package let object: String
    package let errno: Int32
    /// What was found and what to do, or the verifier's last word; empty when there is no more.
    package let detail: String

    package init(operation: String, object: String, errno: Int32, detail: String = "") {
        self.operation = operation
        self.object = object
        self.errno = errno
        self.detail = detail
    }

    package var description: String {
        var text = "\(operation) \(object): \(errorText(errno))"
        if !detail.isEmpty { text += ": \(detail)" }
        if errno == EPERM { text += " (this needs CAP_BPF and CAP_NET_ADMIN, or root)" }
        return text
    }
}

/// Throws when a libbpf call returned a negative error number.
@discardableResult
func check(
    _ result: Int32,
    _ operation: String,
    _ object: @autoclosure () -> String
) throws(BPFError) -> Int32 {
    guard result >= 0 else {
        throw BPFError(operation: operation, object: object(), errno: -result)
    }
    return result
}

/// Runs a body of system calls and names the object in the error they end with.
func wrapping<R: ~Copyable>(
    _ operation: String,
    _ object: String,
    _ body: () throws(LinuxError) -> R
) throws(BPFError) -> R {
    do {
        return try body()
    } catch {
        throw BPFError(
            operation: operation,
            object: object,
            errno: error.errno,
            detail: error.call == operation ? "" : error.call
        )
    }
}
