import BGPConfiguration
import BGPDaemon
import Datastore
import JSON
import Logging
import Model
import Resources
import Testing

private func node(_ name: String, _ address: String) -> Resource {
    Resource(
        .calico("Node"),
        version: "v3",
        name: name,
        spec: ["bgp": ["ipv4Address": .string(address)]]
    )
}

private func event(_ change: Event.Change) -> Event {
    Event(change, revision: Revision(rawValue: 2))
}

@Suite("a node's configuration follows the store")
struct FollowerTests {
    private let follower = ConfigurationFollower(node: "a", logger: Logger(label: "test"))
    private static let both = [node("a", "10.0.0.1/24"), node("b", "10.0.0.2/24")]

    @Test("each change gives one configuration; what changes nothing gives none")
    func changes() async throws {
        var configurations = follower.configurations.makeAsyncIterator()
        await follower.take(.snapshot(Self.both, Revision(rawValue: 1)))
        let first = try #require(await configurations.next())
        #expect(first.ipv4.peers.map(\.address) == [Address("10.0.0.2")])

        await follower.take(.changes([event(.modified(node("b", "10.0.0.2/24")))]))
        await follower.take(.lost("gone"))
        await follower.take(.regained)
        await follower.take(.changes([event(.added(node("c", "10.0.0.3/24")))]))
        let second = try #require(await configurations.next())
        #expect(second.ipv4.peers.count == 2)
    }

    @Test("of several changes not yet taken the last counts")
    func latest() async throws {
        await follower.take(.snapshot(Self.both, Revision(rawValue: 1)))
        for index in 3...9 {
            let node = node("n\(index)", "10.0.0.\(index)/24")
            await follower.take(.changes([event(.added(node))]))
        }
        var configurations = follower.configurations.makeAsyncIterator()
        #expect(await configurations.next()?.ipv4.peers.count == 8)
    }
}
