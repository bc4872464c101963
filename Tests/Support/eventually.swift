// An optimised build has no Testing; nothing in it polls.
#if canImport(Testing)
package import Testing

/// Polls until `state` is as wanted; when time runs out, the test fails with the last state seen.
package func eventually<State: Equatable & Sendable>(
    within limit: Duration = .seconds(10),
    _ wanted: State,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ state: () async throws -> State
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while true {
        let seen = try await state()
        if seen == wanted { return }
        guard clock.now < end else {
            Issue.record("wanted \(wanted), last saw \(seen)", sourceLocation: sourceLocation)
            return
        }
        try await clock.sleep(for: .milliseconds(5))
    }
}
#endif
