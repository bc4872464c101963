import Model

/// Callers that wait for endpoints to become live.
struct Waiters {
    /// One caller's wait, from before it begins until after it ended.
    struct Token: Hashable {
        fileprivate let number: Int
    }

    private enum State {
        case notYetWaiting
        /// Given up before it began: the timer may overtake the wait.
        case givenUp
        case waiting(EndpointID, CheckedContinuation<Void, any Error>)
        case ended
    }

    private var states: [Token: State] = [:]
    private var count = 0

    mutating func open() -> Token {
        count += 1
        let token = Token(number: count)
        states[token] = .notYetWaiting
        return token
    }

    mutating func close(_ token: Token) {
        states[token] = nil
    }

    /// Begins the wait, or ends it at once when it was given up or closed.
    mutating func wait(
        _ token: Token,
        for id: EndpointID,
        _ continuation: CheckedContinuation<Void, any Error>,
        obstacle: DataplaneError
    ) {
        guard case .notYetWaiting = states[token] else {
            continuation.resume(throwing: obstacle)
            return
        }
        states[token] = .waiting(id, continuation)
    }

    /// Ends the waits that `obstacle` says are over: live, or never to be.
    mutating func settle(_ obstacle: (EndpointID) -> DataplaneError?) {
        for (token, state) in states {
            guard case .waiting(let id, let continuation) = state else { continue }
            let obstacle = obstacle(id)
            if let obstacle {
                guard case .addressInUse = obstacle else { continue }
                continuation.resume(throwing: obstacle)
            } else {
                continuation.resume()
            }
            states[token] = .ended
        }
    }

    /// Ends one wait, if it has not ended.
    mutating func giveUp(_ token: Token, _ obstacle: (EndpointID) -> DataplaneError) {
        switch states[token] {
        case .notYetWaiting: states[token] = .givenUp
        case .waiting(let id, let continuation):
            continuation.resume(throwing: obstacle(id))
            states[token] = .ended
        case .givenUp, .ended, nil: break
        }
    }

    mutating func failAll(_ error: DataplaneError) {
        for token in Array(states.keys) { giveUp(token) { _ in error } }
    }
}
