/// What the speaker could not do.
package enum SpeakerError: Error, Hashable, Sendable {
    /// RFC 2385 keys have at most 80 bytes here.
    case passwordTooLong
    /// The transport has no socket.
    case noSocketOptions
    /// An interface that a link-local peer is behind does not exist.
    case noInterface(String)
}
