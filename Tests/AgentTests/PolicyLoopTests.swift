internal import Agent
internal import Compile
internal import Datastore
internal import DatastoreMemory
internal import JSON
internal import Model
internal import Resources
internal import Testing

@Suite("from the store to the kernel")
struct PolicyLoopTests {
    private let store = MemoryDatastore()
    private let kernel = RecordingKernel()
    private let health = Health([.store, .dataplane, .resources])
    private let metrics = Metrics()

    private func makeLoop() -> PolicyLoop {
        PolicyLoop(
            node: "node1",
            kernel: kernel,
            health: health,
            metrics: metrics,
            logger: silent
        )
    }

    private func snapshot() async throws -> StoreNews {
        let types: [ResourceType] = [
            .core("Namespace"), .core("Pod"), .calico("GlobalNetworkPolicy"),
        ]
        let (items, revision) = try await store.snapshot(types)
        return .snapshot(items, revision)
    }

    private func write(_ resource: Resource) async throws -> Event {
        let stored =
            if try await store.get(resource.key) == nil {
                try await store.create(resource)
            } else {
                try await store.update(resource)
            }
        let revision = Revision(rawValue: UInt64(stored.resourceVersion ?? "") ?? 0)
        return Event(.modified(stored), revision: revision)
    }

    @Test("the kernel hears of everything at first, then of differences")
    func differences() async throws {
        let loop = makeLoop()
        _ = try await write(Objects.namespace("default"))
        _ = try await write(Objects.pod("p", address: "10.0.0.1"))
        _ = try await write(Objects.pod("elsewhere", node: "node2", address: "10.0.0.2"))
        await loop.take(try await snapshot())
        #expect(health.readiness().isGood)
        #expect(Set(kernel.attached.keys) == [.pod("p")])
        let first = try #require(kernel.changes.first)
        #expect(first.endpoints.keys.map(\.description) == ["10.0.0.1"])
        let writes = kernel.writes
        await loop.take(try await snapshot())
        #expect(kernel.writes == writes)
        let event = try await write(Objects.policy("deny", action: "Deny"))
        await loop.take(.changes([event]))
        #expect(kernel.writes > writes)
        #expect(metrics.total(.localEndpoints) == 1)
        #expect(metrics.total(.clusterWorkloads) == 2)
    }

    @Test("the store being away changes nothing but health")
    func storeAway() async throws {
        let loop = makeLoop()
        _ = try await write(Objects.pod("p", address: "10.0.0.1"))
        await loop.take(try await snapshot())
        let changes = kernel.changes.count
        await loop.take(.lost("gone fishing"))
        #expect(kernel.changes.count == changes)
        #expect(!health.readiness().isGood)
        #expect(health.readiness().text.contains("gone fishing"))
        await loop.take(try await snapshot())
        #expect(health.readiness().isGood)
    }

    @Test("an invalid object degrades health, is named, and changes nothing else")
    func invalid() async throws {
        let loop = makeLoop()
        _ = try await write(Objects.pod("p", address: "10.0.0.1"))
        await loop.take(try await snapshot())
        let writes = kernel.writes
        var bad = Objects.policy("broken")
        bad.spec["selector"] = "has("
        await loop.take(.changes([try await write(bad)]))
        #expect(kernel.writes == writes)
        let verdict = health.readiness()
        #expect(verdict.isGood)
        #expect(verdict.text.contains("resources: degraded"))
        #expect(verdict.text.contains("GlobalNetworkPolicy(broken)"))
        #expect(metrics.total(.invalidResources) == 1)
    }

    @Test("what the kernel refused is tried again")
    func retry() async throws {
        let loop = makeLoop()
        _ = try await write(Objects.pod("p", address: "10.0.0.1"))
        kernel.refuse(true)
        await loop.take(try await snapshot())
        #expect(!health.readiness().isGood)
        kernel.refuse(false)
        await loop.retry()
        #expect(health.readiness().isGood)
        let changes = kernel.changes.count
        await loop.retry()
        #expect(kernel.changes.count == changes)
    }

    @Test("the MAC of a pod's link stays with it")
    func mac() async throws {
        let loop = makeLoop()
        await loop.take(try await snapshot())
        let mac = try #require(MAC("02:00:00:00:00:01"))
        await loop.setMAC(mac, of: .pod("p"))
        let event = try await write(Objects.pod("p", address: "10.0.0.1"))
        await loop.take(.written(event))
        #expect(kernel.attached[.pod("p")]?.mac == mac)
        // The watch tells of the same write again, then of another.
        await loop.take(.changes([event]))
        let labelled = Objects.pod("p", address: "10.0.0.1", labels: ["a": "b"])
        await loop.take(.changes([try await write(labelled)]))
        #expect(kernel.attached[.pod("p")]?.mac == mac)
    }

    @Test("a write that the watch has passed already is not taken in again")
    func lateWrite() async throws {
        let loop = makeLoop()
        await loop.take(try await snapshot())
        let written = try await write(Objects.pod("p", address: "10.0.0.1"))
        let last = try await store.delete(written.resource.key, ifRevision: nil)
        let next = Revision(rawValue: written.revision.rawValue + 1)
        await loop.take(.changes([written, Event(.deleted(last), revision: next)]))
        await loop.take(.written(written))
        #expect(kernel.attached.isEmpty)
    }

    @Test("news at once comes to the kernel in few batches, and none is lost")
    func burst() async throws {
        let loop = makeLoop()
        await loop.take(try await snapshot())
        var events: [Event] = []
        for index in 0..<100 {
            events.append(try await write(Objects.pod("p\(index)", address: "10.0.1.\(index)")))
        }
        await withTaskGroup { group in
            for event in events { group.addTask { await loop.take(.written(event)) } }
        }
        #expect(kernel.attached.count == 100)
    }

    @Test("sources of an annotation count only where the configuration allows it")
    func spoofing() async throws {
        var pod = Objects.pod("p", address: "10.0.0.1")
        pod.annotations["cni.projectcalico.org/allowedSourcePrefixes"] = #"["10.9.0.0/16"]"#
        _ = try await write(pod)
        for isAllowed in [false, true] {
            let kernel = RecordingKernel()
            let loop = PolicyLoop(
                node: "node1",
                allowsSourceSpoofing: isAllowed,
                kernel: kernel,
                health: health,
                metrics: metrics,
                logger: silent
            )
            await loop.take(try await snapshot())
            let prefixes = kernel.attached[.pod("p")]?.allowedSourcePrefixes ?? []
            #expect(prefixes.isEmpty != isAllowed)
        }
    }
}
