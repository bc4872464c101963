package import BGPMessage

extension Session {
    mutating func received(_ message: Message, on side: Side) -> [SessionAction] {
        switch message {
        case .open(let open): return received(open, on: side)
        case .keepalive: return step(side, .keepalive)
        case .notification(let notification):
            let isVersion = notification.error == .open(.unsupportedVersionNumber)
            return step(
                side,
                isVersion ? .notificationVersionError(notification) : .notification(notification)
            )
        case .update(let update):
            let actions = step(side, .update)
            guard established == side else { return actions }
            return actions + [.update(update)] + (update.endOfRIB.map { endOfRIB($0) } ?? [])
        case .routeRefresh(let refresh):
            let actions = step(side, .routeRefresh)
            guard established == side else { return actions }
            return actions + received(refresh)
        }
    }

    mutating func malformed(_ error: NotificationMessage, on side: Side) -> [SessionAction] {
        let isOpenError = error.isOpenError && state(of: side) != .established
        return step(side, isOpenError ? .openError(error) : .headerError(error))
    }

    private mutating func received(_ open: OpenMessage, on side: Side) -> [SessionAction] {
        guard state(of: side) == .openSent else { return step(side, .open) }
        let negotiated: Negotiated
        do throws(OpenRefusal) {
            negotiated = try Negotiated(configuration, open)
        } catch {
            return step(side, .openError(error.notification))
        }
        switch collision(of: side, negotiated) {
        case .none:
            agreed[side] = negotiated
            return step(side, .open)
        case .keepOther:
            return step(side, .openCollisionDump)
        case .keepThis:
            agreed[side] = negotiated
            return step(side.other, .openCollisionDump) + step(side, .open)
        }
    }

    /// The peer has sent all it had when the session came up (RFC 4724 §2).
    package mutating func endOfRIB(_ family: AddressFamily) -> [SessionAction] {
        guard negotiated?.families.contains(family) == true else { return [] }
        return [.endOfRIB(family)] + staleRoutesAfterEndOfRIB(family)
    }
}

/// Which of two connections goes.
private enum Collision {
    case none
    case keepThis
    case keepOther
}

extension Session {
    /// RFC 4271 §6.8, at the arrival of an OPEN: the connection that the speaker with the higher
    /// identifier opened is kept, of equal identifiers that of the higher AS (RFC 6286 §2.3).
    private func collision(of side: Side, _ negotiated: Negotiated) -> Collision {
        switch state(of: side.other) {
        case .idle, .connect, .active, .openSent: return .none
        case .established: return .keepOther
        case .openConfirm: break
        }
        let ours = (configuration.localIdentifier, configuration.localAS)
        let theirs = (negotiated.peerIdentifier, negotiated.peerAS)
        let kept: Side = ours > theirs ? .outgoing : .incoming
        return kept == side ? .keepThis : .keepOther
    }
}
