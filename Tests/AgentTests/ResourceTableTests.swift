internal import Agent
internal import Datastore
internal import JSON
internal import Model
internal import Resources
internal import Testing

@Suite("objects of the store")
struct ResourceTableTests {
    private func stored(_ resource: Resource, _ revision: UInt64) -> Resource {
        var resource = resource
        resource.resourceVersion = "\(revision)"
        return resource
    }

    private func event(_ change: Event.Change, _ revision: UInt64) -> Event {
        Event(change, revision: Revision(rawValue: revision))
    }

    @Test("a second picture gives only the differences")
    func replace() {
        var table = ResourceTable()
        let first = [stored(Objects.policy("a"), 1), stored(Objects.policy("b"), 2)]
        #expect(table.replace(with: first, at: Revision(rawValue: 2)).count == 2)
        #expect(table.replace(with: first, at: Revision(rawValue: 2)).isEmpty)
        let second = [stored(Objects.policy("b", order: 5), 4), stored(Objects.policy("c"), 3)]
        let updates = table.replace(with: second, at: Revision(rawValue: 5))
        #expect(updates.count == 3)
        let gone = PolicyID(kind: .globalNetworkPolicy, name: "a")
        #expect(updates.first == .policy(gone, nil))
        #expect(table.tally.policies == 2)
    }

    @Test("what this agent wrote after a picture was taken stays")
    func replaceOlder() {
        var table = ResourceTable()
        _ = table.replace(with: [], at: Revision(rawValue: 5))
        let pod = stored(Objects.pod("p", address: "10.0.0.1"), 7)
        #expect(table.apply(event(.added(pod), 7)).count == 1)
        #expect(table.replace(with: [], at: Revision(rawValue: 6)).isEmpty)
        #expect(table.replace(with: [], at: Revision(rawValue: 8)).count == 1)
    }

    @Test("an event that is known or older changes nothing")
    func repeated() {
        var table = ResourceTable()
        let new = stored(Objects.policy("a", order: 1), 9)
        let old = stored(Objects.policy("a", order: 2), 8)
        #expect(table.apply(event(.modified(new), 9)).count == 1)
        #expect(table.apply(event(.modified(new), 9)).isEmpty)
        #expect(table.apply(event(.modified(old), 8)).isEmpty)
        #expect(table.apply(event(.deleted(new), 10)).count == 1)
        #expect(table.count == 0)
    }

    @Test("an invalid object is as good as absent, and is named")
    func invalid() throws {
        var table = ResourceTable()
        let good = stored(Objects.policy("a"), 1)
        var bad = good
        bad.spec["selector"] = "has("
        bad.resourceVersion = "2"
        #expect(table.apply(event(.added(good), 1)).count == 1)
        let updates = table.apply(event(.modified(bad), 2))
        #expect(updates == [.policy(PolicyID(kind: .globalNetworkPolicy, name: "a"), nil)])
        let problem = try #require(table.problems[good.key])
        #expect(problem.contains("selector"))
        #expect(table.apply(event(.modified(stored(good, 3)), 3)).count == 1)
        #expect(table.problems.isEmpty)
    }

    @Test("a pod that gets another node is taken from the first")
    func movedPod() {
        var table = ResourceTable()
        let here = stored(Objects.pod("p", node: "node1", address: "10.0.0.1"), 1)
        let there = stored(Objects.pod("p", node: "node2", address: "10.0.0.1"), 2)
        _ = table.apply(event(.added(here), 1))
        let updates = table.apply(event(.modified(there), 2))
        #expect(updates.contains(.endpoint(.pod("p"), nil)))
        #expect(updates.count == 2)
    }

    @Test("a built-in tier comes back when the stored one goes")
    func builtIn() {
        var table = ResourceTable()
        let tier = stored(
            Resource(
                .calico("Tier"),
                version: "v3",
                name: "default",
                spec: ["order": 1_000_000, "defaultAction": "Deny"]
            ),
            1
        )
        #expect(table.apply(event(.added(tier), 1)).count == 1)
        let updates = table.apply(event(.deleted(tier), 2))
        #expect(updates == [.tier("default", Tier(name: "default", order: 1_000_000))])
    }
}
