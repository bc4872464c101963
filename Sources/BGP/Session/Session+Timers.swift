import BGPMessage

// What timers mean, and how long they run.

extension Session {
    mutating func fired(_ timer: SessionTimer) -> [SessionAction] {
        switch timer {
        case .connection(let side, let timer): return fired(timer, side)
        case .stable:
            failures = 0
            return []
        case .restart: return restartTimerExpired()
        case .staleRoutes: return staleRoutesTimerExpired()
        case .longLived(let family): return longLivedTimerExpired(family)
        case .refresh(let family): return endRefresh(family)
        }
    }

    private mutating func fired(_ timer: FSMTimer, _ side: Side) -> [SessionAction] {
        switch timer {
        case .connectRetry: return step(side, .connectRetryTimerExpires)
        case .hold: return step(side, .holdTimerExpires)
        case .keepalive: return step(side, .keepaliveTimerExpires)
        case .sendHold: return step(side, .sendHoldTimerExpires)
        case .idleHold:
            guard held.remove(side) != nil, isEnabled, established == nil else { return [] }
            return begin(side, .idleHoldTimerExpires)
        }
    }

    /// Milliseconds; 0 for a timer that is not to run.
    func duration(_ timer: FSMTimer, _ side: Side) -> Int64 {
        let negotiated = agreed[side]
        switch timer {
        case .connectRetry: return jittered(configuration.connectRetryTime)
        case .idleHold: return jittered(backOff)
        case .hold: return Int64(negotiated?.holdTime ?? Self.openHoldTime) * 1000
        case .keepalive: return jittered(negotiated?.keepaliveTime ?? 0)
        case .sendHold:
            let hold = Int64(negotiated?.holdTime ?? 0)
            guard hold > 0 else { return 0 }
            return 1000 * (configuration.sendHoldTime.map(Int64.init) ?? max(480, hold * 2))
        }
    }

    /// Seconds for the peer's OPEN: the large value of RFC 4271 §8.2.2.
    static let openHoldTime: UInt16 = 240

    /// Milliseconds, 75–100 % of the seconds (RFC 4271 §10).
    func jittered(_ seconds: UInt16) -> Int64 {
        Int64(seconds) * 750 + Int64(seconds) * 250 * Int64(jitter) / 255
    }
}
