internal import Dataplane
internal import Datastore
package import Logging
internal import Resources

/// The agent must end so that a new one can start with other parameters.
package struct RestartNeeded: Error, Hashable, CustomStringConvertible {
    package let description: String

    /// Felix's status for it: whoever supervises the process starts it again.
    package static let exitStatus: Int32 = 129
}

/// Follows the parameters: takes up what can be taken up, and asks for a restart for the rest.
package actor ConfigurationLoop {
    private let source: ConfigurationSource
    private let logger: Logger
    private var settings: AgentSettings
    private let apply: @Sendable (AgentSettings.Live) async throws -> Void
    private var reported: [String] = []

    package init(
        _ source: ConfigurationSource,
        settings: AgentSettings,
        logger: Logger,
        apply: @escaping @Sendable (AgentSettings.Live) async throws -> Void
    ) {
        self.source = source
        self.settings = settings
        self.logger = logger
        self.apply = apply
    }

    /// Reads the parameters again; call it when one of their sources has changed.
    package func refresh() async throws {
        let found: FelixParameters
        do throws(DatastoreError) {
            found = try await source.read().0
        } catch {
            // The watch that told of the change will tell again.
            return
        }
        note(found.problems)
        let new = AgentSettings(found)
        guard new.fixed == settings.fixed else {
            let names = new.fixed.differences(from: settings.fixed).joined(separator: ", ")
            throw RestartNeeded(description: "only a start can take up a change of \(names)")
        }
        guard new.live != settings.live else { return }
        try await apply(new.live)
        settings = new
        logger.info("configuration changed")
    }

    private func note(_ problems: [FelixParameters.Problem]) {
        let texts = problems.map(\.description)
        for text in texts where !reported.contains(text) {
            logger.warning("configuration", metadata: ["problem": "\(text)"])
        }
        reported = texts
    }
}
