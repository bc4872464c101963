package import Linux

/// A request the kernel refused: what was asked, of which object, and why.
package struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was attempted, such as "add route".
    package let verb: String
    /// What it was attempted on, such as "10.65.0.0/26 table 254".
    package let object: String
    package let errno: Int32
    /// The kernel's own words (extended acknowledgement, Linux 4.12), or ours for a bad reply.
    package let detail: String

    package init(verb: String, object: String, errno: Int32, detail: String = "") {
        self.verb = verb
        self.object = object
        self.errno = errno
        self.detail = detail
    }

    /// A socket call that failed on the way.
    package init(verb: String, object: String, _ error: LinuxError) {
        self.init(verb: verb, object: object, errno: error.errno, detail: error.call)
    }

    package var description: String {
        let reason = errorText(errno)
        return "\(verb) \(object): \(reason)" + (detail.isEmpty ? "" : " (\(detail))")
    }
}
