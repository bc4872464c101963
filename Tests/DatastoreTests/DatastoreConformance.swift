import Datastore
import JSON
import Resources
import Testing

/// What every driver must do with single objects, as the protocol's documentation says.
struct DatastoreConformance {
    @Test(arguments: Driver.allCases)
    func createGivesIdentityAndRevision(_ driver: Driver) async throws {
        let opened = try driver.open()
        var claimed = tier("a", order: 5)
        claimed.metadata["uid"] = "mine"
        claimed.metadata["creationTimestamp"] = "1999-01-01T00:00:00Z"
        claimed.value["status"] = ["unknown": ["to": "us"]]
        let stored = try await opened.store.create(claimed)
        #expect(stored.resourceVersion == "1")
        let uid = try #require(stored.uid)
        #expect(
            uid.wholeMatch(
                of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
            )
                != nil
        )
        let created = try #require(stored.creationTimestamp)
        #expect(created.wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
        #expect(stored.value["status"] == claimed.value["status"])
        #expect(try await opened.store.get(key("a")) == stored)
    }

    @Test(arguments: Driver.allCases)
    func createRefuses(_ driver: Driver) async throws {
        let opened = try driver.open()
        let stored = try await opened.store.create(tier("a"))
        await #expect(throws: DatastoreError.alreadyExists(key("a"))) {
            try await opened.store.create(tier("a"))
        }
        let reason = "a new object must not have a resourceVersion"
        await #expect(throws: DatastoreError.invalid(key("a"), reason)) {
            try await opened.store.create(stored)
        }
        await #expect(throws: DatastoreError.invalid(key(""), "the object has no name")) {
            try await opened.store.create(tier(""))
        }
        let nameless = Resource(["metadata": ["name": "x"]])
        await #expect(throws: DatastoreError.invalid(nameless.key, "the object has no kind")) {
            try await opened.store.create(nameless)
        }
        #expect(try await opened.store.list(tiers, namespace: nil).revision.rawValue == 1)
    }

    @Test(arguments: Driver.allCases)
    func updateComparesAndSwaps(_ driver: Driver) async throws {
        let opened = try driver.open()
        let first = try await opened.store.create(tier("a", order: 1))
        var second = first
        second.spec["order"] = 2
        let stored = try await opened.store.update(second)
        #expect(stored.resourceVersion == "2")
        #expect(stored.uid == first.uid)
        #expect(stored.creationTimestamp == first.creationTimestamp)
        #expect(stored.spec["order"] == 2)
        await #expect(throws: DatastoreError.conflict(key("a"), expected: "1", actual: "2")) {
            try await opened.store.update(second)
        }
        #expect(try await opened.store.get(key("a")) == stored)
        // Without a revision whatever is there is replaced; its identity stays.
        let third = try await opened.store.update(tier("a", order: 3))
        #expect(third.resourceVersion == "3")
        #expect(third.uid == first.uid)
        await #expect(throws: DatastoreError.notFound(key("b"))) {
            try await opened.store.update(tier("b"))
        }
    }

    @Test(arguments: Driver.allCases)
    func unchangedUpdateMakesNoRevision(_ driver: Driver) async throws {
        let opened = try driver.open()
        var object = tier("a", order: 1)
        object.labels = ["x": "1", "y": "2"]
        let stored = try await opened.store.create(object)
        #expect(try await opened.store.update(stored) == stored)
        #expect(try await opened.store.update(object) == stored)
        var reordered = object
        reordered.metadata["labels"] = ["y": "2", "x": "1"]
        #expect(try await opened.store.update(reordered) == stored)
        #expect(try await opened.store.list(tiers, namespace: nil).revision.rawValue == 1)
        reordered.metadata["labels"] = ["y": "1", "x": "2"]
        #expect(try await opened.store.update(reordered).resourceVersion == "2")
    }

    @Test(arguments: Driver.allCases)
    func deleteComparesAndReturnsTheLastState(_ driver: Driver) async throws {
        let opened = try driver.open()
        let first = try await opened.store.create(tier("a", order: 1))
        let second = try await opened.store.update(tier("a", order: 2))
        await #expect(throws: DatastoreError.conflict(key("a"), expected: "1", actual: "2")) {
            try await opened.store.delete(key("a"), ifRevision: first.resourceVersion)
        }
        let deleted = try await opened.store.delete(key("a"), ifRevision: second.resourceVersion)
        #expect(deleted == second)
        #expect(try await opened.store.get(key("a")) == nil)
        await #expect(throws: DatastoreError.notFound(key("a"))) {
            try await opened.store.delete(key("a"), ifRevision: nil)
        }
        let again = try await opened.store.create(tier("a"))
        #expect(again.resourceVersion == "4")
        #expect(again.uid != first.uid)
        _ = try await opened.store.delete(key("a"), ifRevision: nil)
    }

    @Test(arguments: Driver.allCases)
    func listIsOrderedAndOfOneNamespace(_ driver: Driver) async throws {
        let opened = try driver.open()
        for (namespace, name) in [("b", "x"), ("a", "z"), ("b", "a"), ("a", "y"), ("ab", "y")] {
            _ = try await opened.store.create(networkSet(namespace, name))
        }
        _ = try await opened.store.create(tier("a"))
        let all = try await opened.store.list(sets, namespace: nil)
        #expect(
            all.items.map(\.key.description) == [
                "NetworkSet(a/y)", "NetworkSet(a/z)", "NetworkSet(ab/y)", "NetworkSet(b/a)",
                "NetworkSet(b/x)",
            ]
        )
        #expect(all.revision.rawValue == 6)
        let one = try await opened.store.list(sets, namespace: "b")
        #expect(one.items.map(\.name) == ["a", "x"])
        #expect(one.revision == all.revision)
        #expect(try await opened.store.list(.core("Pod"), namespace: nil).items.isEmpty)
        let both = try await opened.store.snapshot([tiers, sets])
        #expect(both.items.map(\.name) == ["a", "y", "z", "y", "a", "x"])
    }

    @Test(arguments: Driver.allCases)
    func groupNamespaceAndNameTellObjectsApart(_ driver: Driver) async throws {
        let opened = try driver.open()
        let kubernetes = ResourceType(group: "networking.k8s.io", kind: "NetworkPolicy")
        let keys = [
            ResourceKey(.calico("NetworkPolicy"), namespace: "a", name: "x"),
            ResourceKey(.calico("NetworkPolicy"), namespace: "b", name: "x"),
            ResourceKey(kubernetes, namespace: "a", name: "x"),
            ResourceKey(.calico("NetworkPolicy"), name: "x"),
        ]
        for key in keys {
            let object = Resource(
                key.type,
                version: "v1",
                namespace: key.namespace,
                name: key.name
            )
            _ = try await opened.store.create(object)
        }
        for (index, key) in keys.enumerated() {
            let found = try #require(try await opened.store.get(key))
            #expect(found.key == key)
            #expect(found.resourceVersion == "\(index + 1)")
        }
    }

    @Test(arguments: Driver.allCases)
    func textIsKeptAsItIs(_ driver: Driver) async throws {
        let opened = try driver.open()
        let texts: [JSONValue] = [
            "", "'; DROP TABLE objects; --", "\u{0} nul \"quoted\" \\ \n", "äß漢字🦎", 1.5, -0.25,
            .int(.max), .int(.min), .null, [], [:], [[], [1, [2]]], true,
        ]
        for (number, text) in texts.enumerated() {
            var object = tier("text-\(number)")
            object.spec = ["value": text]
            let stored = try await opened.store.create(object)
            let found = try await opened.store.get(object.key)
            #expect(found == stored)
            #expect(found?.spec["value"] == text)
        }
    }

    @Test(arguments: Driver.allCases)
    func concurrentWritersLoseNothing(_ driver: Driver) async throws {
        let opened = try driver.open()
        let store = opened.store
        _ = try await store.create(tier("counter", order: 0))
        let writers = 8
        let each = 50
        try await withThrowingTaskGroup { group in
            for _ in 0..<writers {
                group.addTask { try await increment(store, by: each) }
            }
            try await group.waitForAll()
        }
        let counter = try #require(try await store.get(key("counter")))
        #expect(counter.spec["order"] == .int(Int64(writers * each)))
        #expect(counter.resourceVersion == "\(writers * each + 1)")
    }

    @Test(arguments: Driver.allCases)
    func onlyOneCreatorWins(_ driver: Driver) async throws {
        let store = try driver.open()
        let winners = await withTaskGroup { group in
            for number in 0..<20 {
                group.addTask {
                    (try? await store.store.create(tier("only", order: Int64(number)))) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    }
}

/// Adds to the object `counter`, trying each addition until no other writer came between.
private func increment(_ store: any Datastore, by count: Int) async throws {
    var done = 0
    while done < count {
        var object = try #require(try await store.get(key("counter")))
        object.spec["order"] = .int((object.spec["order"]?.int ?? 0) + 1)
        do {
            _ = try await store.update(object)
            done += 1
        } catch {
            guard case .conflict = error else { throw error }
        }
    }
}
