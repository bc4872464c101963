import Glibc

/// A system call that failed, on what, and how.
package struct LinuxError: Error, Hashable, Sendable, CustomStringConvertible {
    package let call: String
    /// The path or other object; empty when the call has none worth telling.
    package let object: String
    package let errno: Int32

    package init(call: String, object: String = "", errno: Int32) {
        self.call = call
        self.object = object
        self.errno = errno
    }

    package var description: String {
        let subject = object.isEmpty ? call : "\(call) \(object)"
        return "\(subject): \(errorText(errno))"
    }
}

/// The text of an error number; safe on any thread, which `strerror` is not.
package func errorText(_ number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    return buffer.withUnsafeBufferPointer { text in
        String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Runs a system call that returns -1 on failure, again when a signal interrupts it.
package func call<T: FixedWidthInteger>(
    _ name: String,
    on object: @autoclosure () -> String = "",
    _ body: () -> T
) throws(LinuxError) -> T {
    while true {
        let result = body()
        guard result == -1 else { return result }
        let number = errno
        guard number == EINTR else {
            throw LinuxError(call: name, object: object(), errno: number)
        }
    }
}
