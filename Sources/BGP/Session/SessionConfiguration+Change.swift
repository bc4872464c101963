/// What a change of a session's configuration asks for.
package enum SessionConfigurationChange: Hashable, Sendable {
    case none
    /// Counts at once, and the peer does not notice.
    case live
    /// Stood in our OPEN, so the session must come up anew.
    case reset
}

extension SessionConfiguration {
    /// What it takes to get from this configuration to `new`.
    package func change(to new: SessionConfiguration) -> SessionConfigurationChange {
        if self == new { return .none }
        return inOpen == new.inOpen ? .live : .reset
    }

    /// The same, with all that the peer never learns set to fixed values.
    private var inOpen: SessionConfiguration {
        var copy = self
        copy.connectRetryTime = 0
        copy.idleHoldTime = 0...0
        copy.sendHoldTime = nil
        copy.keepaliveTime = nil
        copy.isPassive = false
        copy.gracefulRestart?.maximumPeerRestartTime = 0
        copy.gracefulRestart?.staleRoutesTime = 0
        copy.gracefulRestart?.maximumLongLivedStaleTime = 0
        copy.gracefulRestart?.isRestarting = false
        for index in copy.families.indices { copy.families[index].maximumPrefixes = nil }
        return copy
    }
}

extension Session {
    /// Takes a new configuration; the shell resets the session if the change asks for it.
    package mutating func configure(_ new: SessionConfiguration) -> SessionConfigurationChange {
        defer { configuration = new }
        return configuration.change(to: new)
    }
}
