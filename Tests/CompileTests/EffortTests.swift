import Model
import Testing

@testable import Compile

/// After the start a change touches what it changes, and the cluster's size plays no part in it.
@Suite struct EffortTests {
    /// That many endpoints, a hundredth of them local, and policies for one of 50 roles each.
    private static func cluster(_ size: Int) -> [Update] {
        let endpoints = (0..<size).map { number in
            endpoint(number, role: number % 50)
        }
        let policies = (0..<size / 10).map { number -> Update in
            let id = PolicyID(kind: .globalNetworkPolicy, name: "p\(number)")
            var rule = Rule(.allow)
            rule.source.selectors = ["role == \"\((number + 1) % 50)\""]
            return .policy(
                id,
                Policy(
                    id: id,
                    tier: number % 2 == 0 ? "default" : "other",
                    selector: "role == \"\(number % 50)\"",
                    ingress: [rule],
                    appliesToIngress: true,
                    appliesToEgress: false
                )
            )
        }
        return endpoints + policies + [namespace(["a": "b"])]
    }

    private static func endpoint(_ number: Int, role: Int) -> Update {
        let id = EndpointID.workload(
            node: number % 100 == 0 ? "here" : "there",
            workload: "ns/\(number)",
            endpoint: "eth0"
        )
        let endpoint = Endpoint(
            id: id,
            labels: ["role": "\(role)", "number": "\(number)"],
            profiles: number < 10 ? ["kns.small"] : ["kns.large"],
            addresses: [Address(v4: 0x0a00_0000 + UInt32(2 * number))]
        )
        return .endpoint(id, endpoint)
    }

    private static func namespace(_ labels: [String: String]) -> Update {
        .profile("kns.small", Profile(name: "kns.small", labelsToApply: labels))
    }

    /// The effort of each change on a cluster of the size, what settles afterwards included.
    private static func efforts(_ size: Int, _ changes: [Update]) -> [PolicyCompiler.Effort] {
        var compiler = PolicyCompiler(localNode: "here")
        _ = compiler.apply(cluster(size))
        while compiler.needsSettling { _ = compiler.apply([]) }
        return changes.map { change in
            _ = compiler.apply([change])
            let effort = compiler.effort
            while compiler.needsSettling { _ = compiler.apply([]) }
            return effort
        }
    }

    @Test func `a change costs the same in a cluster ten times as large`() throws {
        let set = NetworkSetID(name: "set")
        let nets = [Prefix(Address(v4: 0x0b00_0000))]
        let changes: [Update] = [
            Self.endpoint(1, role: 7), Self.endpoint(2, role: 1),
            .networkSet(set, NetworkSet(id: set, labels: ["role": "1"], nets: nets)),
            .networkSet(set, nil), Self.namespace(["a": "c"]),
            .tier("unused", Tier(name: "unused", order: 1)),
        ]
        let small = Self.efforts(1000, changes)
        let large = Self.efforts(10_000, changes)
        for (number, effort) in large.enumerated() {
            #expect(effort.items == small[number].items, "\(changes[number])")
            #expect(effort.selectors == small[number].selectors, "\(changes[number])")
            #expect(effort.programs <= 1, "\(changes[number])")
            #expect(effort.endpoints <= 1, "\(changes[number])")
            #expect(effort.prefixes <= 40, "\(changes[number])")
        }
        // Only what asks for the new role is asked.
        #expect(large[0].items == 1 && large[1].selectors == 1)
        #expect(large[4].items == 10, "the members of the namespace")
        #expect(large[5] == PolicyCompiler.Effort(), "nobody is in the tier")
    }

    @Test func `a change of a tier concerns those with policies in it`() throws {
        var compiler = PolicyCompiler(localNode: "here")
        _ = compiler.apply(Self.cluster(1000))
        _ = compiler.apply([.tier("other", Tier(name: "other", defaultAction: .pass))])
        // Local endpoints have roles 0 and 50: an even role's policies are in the other tier.
        #expect(compiler.effort.endpoints == 0 && compiler.effort.items == 0)
        _ = compiler.apply([.tier("default", Tier(name: "default", defaultAction: .pass))])
        #expect(compiler.effort.endpoints == 10 && compiler.effort.items == 0)
    }
}
