import Model
import Selector
import Support
import Testing

@testable import Index

/// Classes are what a plain look at every object says, whatever came before.
@Suite struct ClusterIndexTests {
    @Test(arguments: 1...60)
    func `classes tell addresses apart as the objects do`(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var index = ClusterIndex(localNode: "here")
        var world = PlainWorld()
        var asked: [MatcherID: Matcher] = [:]
        var told: [Prefix: UInt32] = [:]
        for step in 0..<40 {
            world.change(&index, &random)
            if random.oneIn(2) {
                let matcher = world.matcher(&random)
                asked[index.acquire(matcher)] = matcher
            } else if random.oneIn(3), let id = asked.keys.sorted().first {
                // Each was acquired once, or as often as it was drawn; only the last release counts.
                index.release(id)
                if index.needsSettling { asked[id] = nil }
                index.settle()
            }
            _ = index.takeNews()
            let update = index.refresh()
            for (prefix, id) in update.prefixes { told[prefix] = id }
            let classes = Dictionary(
                uniqueKeysWithValues: index.liveClasses.map { (index.kernelID(of: $0), $0) }
            )
            for address in PlainWorld.addresses {
                let id = Self.look(told, address)
                let matchers = classes[id].map { index.matchers(of: $0) } ?? []
                let expected = asked.filter { world.holds($0.value, for: address) }.keys
                #expect(
                    matchers == expected.sorted(),
                    "seed \(seed), step \(step): \(address) is in class \(id)"
                )
            }
            index.finish(update)
        }
    }

    /// The longest prefix in mapped form, as the kernel's trie finds it.
    private static func look(_ table: [Prefix: UInt32], _ address: Address) -> UInt32 {
        let covering = table.filter { prefix, _ in
            address.masked(mappedLength: prefix.mappedLength) == prefix.address
        }
        return covering.max { $0.key.mappedLength < $1.key.mappedLength }?.value ?? 0
    }

    @Test func `IPv4 does not inherit from an IPv6 prefix that its mapped form lies in`() {
        var index = ClusterIndex(localNode: "here")
        let all = Prefix(Address(high: 0, low: 0), length: 0)
        let nets = [all].compactMap(\.self)
        _ = index.acquire(.nets(nets))
        let update = index.refresh()
        let v4 = Prefix(Address(v4: 0), length: 0)
        #expect(update.prefixes.count == 2)
        #expect(update.prefixes.contains { $0.prefix == v4 && $0.label == 0 })
    }

    @Test func `news of a short IPv6 prefix concern watched IPv6 addresses alone`() throws {
        var index = ClusterIndex(localNode: "here")
        let inside = try #require(Address("fd00::1"))
        index.watch([Address(v4: 0x0a00_0001), inside])
        let id = NetworkSetID(name: "all")
        let everything = try #require(Prefix("::/0"))
        index.set(id, NetworkSet(id: id, nets: [everything]))
        #expect(index.takeNews().addresses == [inside])
        index.set(id, nil)
        #expect(index.takeNews().addresses == [inside])
    }

    @Test func `a class keeps its id when others come and go and in another order`() {
        let texts = (0..<200).map { "a == \"\($0)\"" }
        func ids(_ order: [Int]) -> [Prefix: UInt32?] {
            var index = ClusterIndex(localNode: "here")
            for number in order {
                let id = NetworkSetID(name: "set\(number)")
                let net = Prefix(Address(v4: UInt32(number)))
                index.set(id, NetworkSet(id: id, labels: ["a": "\(number)"], nets: [net]))
                _ = index.acquire(.selector(texts[number]))
            }
            return Dictionary(
                uniqueKeysWithValues: index.refresh().prefixes.map { ($0.prefix, $0.label) }
            )
        }
        #expect(ids(Array(0..<200)) == ids(Array((0..<200).reversed())))
    }
}

/// Objects and questions, answered without any index.
struct PlainWorld {
    static let addresses: [Address] =
        (0..<8).map { Address(v4: 0x0a00_0000 + $0) }
        + (0..<4).map { Address(high: 0xfd00 << 48, low: $0) }

    private var sets: [Int: NetworkSet] = [:]
    private var endpoints: [Int: Endpoint] = [:]
    private var slices: [Int: ServiceSlice] = [:]
    private var profile: [String: String]?

    /// One change, in the world and in the index.
    mutating func change(_ index: inout ClusterIndex, _ random: inout SeededRandom) {
        let number = Int.random(in: 0..<4, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            let id = NetworkSetID(name: "set\(number)")
            let nets = random.some(upTo: 3) { Self.prefix(&$0) }
            let set = NetworkSet(id: id, labels: Self.labels(&random), profiles: ["p"], nets: nets)
            sets[number] = random.oneIn(4) ? nil : set
            index.set(id, sets[number])
        case 1:
            let id = EndpointID.workload(node: "here", workload: "w\(number)", endpoint: "eth0")
            let endpoint = Endpoint(
                id: id,
                labels: Self.labels(&random),
                profiles: random.oneIn(2) ? ["p"] : [],
                addresses: random.some(upTo: 2) { $0.pick(Self.addresses) },
                ports: random.some(upTo: 2) { Self.port(&$0) }
            )
            endpoints[number] = random.oneIn(4) ? nil : endpoint
            index.set(id, endpoints[number])
        case 2:
            let members = random.some(upTo: 3) { random in
                ServiceSlice.Member(
                    address: random.pick(Self.addresses),
                    protocol: .tcp,
                    port: random.pick([80, 81])
                )
            }
            let slice = ServiceSlice(service: Self.service, members: members)
            slices[number] = random.oneIn(4) ? nil : slice
            index.setSlice("slice\(number)", slices[number])
        default:
            profile = random.oneIn(3) ? nil : Self.labels(&random)
            index.setProfile("p", profile)
        }
    }

    private static let service = ServiceID(namespace: "ns", name: "web")

    private static func labels(_ random: inout SeededRandom) -> [String: String] {
        var labels: [String: String] = [:]
        for key in ["a", "b"] where random.oneIn(2) { labels[key] = random.pick(["x", "y"]) }
        return labels
    }

    private static func prefix(_ random: inout SeededRandom) -> Prefix {
        let address = random.pick(addresses)
        let length = random.pick(address.isV4 ? [0, 29, 30, 31, 32] : [0, 7, 126, 127, 128])
        return Prefix(address, length: length) ?? Prefix(address)
    }

    private static func port(_ random: inout SeededRandom) -> NamedPort {
        NamedPort(name: random.pick(["http", "dns"]), protocol: .tcp, port: random.pick([80, 81]))
    }

    func matcher(_ random: inout SeededRandom) -> Matcher {
        let selectors = ["all()", "has(a)", "!has(a)", #"a == "x""#, #"b != "y""#]
        switch Int.random(in: 0..<6, using: &random) {
        case 0..<3: return .selector(random.pick(selectors))
        case 3: return .nets([Self.prefix(&random)])
        case 4:
            let texts = random.oneIn(2) ? [random.pick(selectors)] : []
            return .namedPort(Self.port(&random), selectors: texts)
        default:
            return random.oneIn(2)
                ? .service(Self.service) : .servicePort(Self.service, .tcp, random.pick([80, 81]))
        }
    }

    // MARK: Answers

    func holds(_ matcher: Matcher, for address: Address) -> Bool {
        switch matcher {
        case .selector(let text): owners(of: address).contains { matches(text, $0.labels) }
        case .nets(let nets): nets.contains { $0.contains(address) }
        case .namedPort(let port, let texts):
            owners(of: address).contains { owner in
                owner.ports.contains(port) && texts.allSatisfy { matches($0, owner.labels) }
            }
        case .service: members.contains { $0.address == address }
        case .servicePort(_, _, let port):
            members.contains { $0.address == address && $0.port == port }
        }
    }

    private var members: [ServiceSlice.Member] { slices.values.flatMap(\.members) }

    private func matches(_ text: String, _ labels: [String: String]) -> Bool {
        (try? Selector(parsing: text))?.matches(labels) ?? false
    }

    private func owners(
        of address: Address
    ) -> [(labels: [String: String], ports: [NamedPort])] {
        func effective(_ own: [String: String], _ profiles: [String]) -> [String: String] {
            profiles.isEmpty ? own : own.merging(profile ?? [:]) { own, _ in own }
        }
        let fromSets = sets.values.filter { $0.nets.contains { $0.contains(address) } }
            .map { (effective($0.labels, $0.profiles), [NamedPort]()) }
        let fromEndpoints = endpoints.values.filter { $0.addresses.contains(address) }
            .map { (effective($0.labels, $0.profiles), $0.ports) }
        return fromSets + fromEndpoints
    }
}
