internal import Agent
internal import Dataplane
internal import Datastore
internal import DatastoreMemory
internal import JSON
internal import Logging
internal import Resources
internal import Synchronization
internal import Testing

@Suite("configuration")
struct ConfigurationTests {
    private let store = MemoryDatastore()

    private func configure(_ name: String, _ spec: JSONValue) async throws {
        let resource = Resource(
            .calico("FelixConfiguration"),
            version: "v3",
            name: name,
            spec: spec
        )
        if try await store.get(resource.key) == nil {
            _ = try await store.create(resource)
        } else {
            _ = try await store.update(resource)
        }
    }

    private func source(
        flags: [String: String] = [:],
        environment: [String: String] = [:]
    ) -> ConfigurationSource {
        var options = AgentOptions(configurationFile: "/nowhere", environment: environment)
        options.parameters = flags
        return ConfigurationSource(options, store: store, node: "node1")
    }

    @Test("flags go before the environment, that before the node's object, that before the default")
    func precedence() async throws {
        try await configure("default", ["healthPort": 1, "vxlanPort": 2, "logPrefix": "a"])
        try await configure("node.node1", ["healthPort": 3, "vxlanPort": 4])
        let source = source(
            flags: ["healthPort": "5"],
            environment: ["FELIX_HEALTHPORT": "6", "FELIX_VXLANPORT": "7"]
        )
        let settings = AgentSettings(try await source.read().0)
        #expect(settings.fixed.healthPort == 5)
        #expect(settings.live.dataplane.vxlanPort == 7)
        #expect(settings.live.logPrefix == "a")
        let other = AgentSettings(try await self.source().read().0)
        #expect(other.fixed.healthPort == 3)
    }

    @Test(
        "what becomes of connections that policy denies",
        arguments: [
            ("Drop", Settings.RevokedFlowAction.drop), ("Reset", .reset), ("Allow", .allow),
        ]
    )
    func revokedFlowAction(word: String, action: Settings.RevokedFlowAction) async throws {
        #expect(
            AgentSettings(try await source().read().0).live.dataplane.revokedFlowAction == .drop
        )
        let environment = ["FELIX_REVOKEDFLOWACTION": word.lowercased()]
        let local = try await source(environment: environment).read().0
        #expect(AgentSettings(local).live.dataplane.revokedFlowAction == action)
        try await configure("default", ["revokedFlowAction": .string(word)])
        let stored = try await source().read().0
        #expect(AgentSettings(stored).live.dataplane.revokedFlowAction == action)
        #expect(stored.problems.isEmpty)
    }

    @Test("what can be taken up is; the rest asks for a restart")
    func live() async throws {
        let source = source()
        let applied = Mutex<[AgentSettings.Live]>([])
        let loop = ConfigurationLoop(
            source,
            settings: AgentSettings(try await source.read().0),
            logger: silent
        ) { live in applied.withLock { $0.append(live) } }
        try await loop.refresh()
        #expect(applied.withLock { $0.isEmpty })
        try await configure("default", ["logSeverityScreen": "Debug"])
        try await loop.refresh()
        try await loop.refresh()
        #expect(applied.withLock { $0.map(\.logLevel) } == [.debug])
        try await configure("default", ["logSeverityScreen": "Debug", "healthPort": 1234])
        await #expect(throws: RestartNeeded.self) { try await loop.refresh() }
        #expect(RestartNeeded.exitStatus == 129)
    }
}
