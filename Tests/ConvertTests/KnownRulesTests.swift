import JSON
import Model
import Resources
import Testing

@Suite("rules of a long policy that are known")
struct KnownRulesTests {
    private static func rule(_ number: Int) -> JSONValue {
        [
            "action": "Allow", "protocol": "TCP",
            "source": ["selector": .string("app == 'a\(number)'")],
            "destination": ["ports": [.int(Int64(1 + number % 65535))]],
        ]
    }

    private static func policy(
        _ ingress: [JSONValue],
        egress: [JSONValue] = [],
        _ more: [String: JSONValue] = [:]
    ) -> Resource {
        var spec: JSONValue = ["selector": "all()", "ingress": .array(ingress)]
        if !egress.isEmpty { spec["egress"] = .array(egress) }
        for (key, value) in more { spec[key] = value }
        return Resource(.calico("GlobalNetworkPolicy"), version: "v3", name: "long", spec: spec)
    }

    private static let rules = (0..<60).map { rule($0) }

    /// What may become of a policy of 60 rules, valid or not.
    private static let changes: [(String, Resource)] = {
        var (changed, bad, inserted) = (rules, rules, rules)
        changed[30] = rule(7000)
        bad[45] = ["action": "Maybe"]
        inserted.insert(rule(8000), at: 10)
        let badPort: JSONValue = [
            "action": "Deny", "protocol": "TCP", "destination": ["ports": ["no port at all"]],
        ]
        return [
            ("nothing", policy(rules)), ("one changed", policy(changed)),
            ("one inserted", policy(inserted)), ("one more", policy(rules + [rule(60)])),
            ("the first gone", policy(Array(rules.dropFirst()))), ("all gone", policy([])),
            ("an unknown action", policy(bad)),
            ("a bad port at the end", policy(rules + [badPort])),
            ("a bad port at the start", policy([badPort] + rules)),
            ("the other direction", policy([], egress: rules)),
            ("both directions", policy(rules, egress: rules)),
            ("preDNAT", policy(rules, ["preDNAT": true, "applyOnForward": true])),
            (
                "preDNAT with egress",
                policy(rules, egress: rules, ["preDNAT": true, "applyOnForward": true])
            ), ("too many", policy((0..<1025).map { rule($0) })),
            ("no list", policy([], ["ingress": "all"])), ("null", policy([], ["ingress": .null])),
        ]
    }()

    @Test("judge and convert a changed policy as if nothing were known", arguments: changes.indices)
    func changed(_ index: Int) throws {
        let (what, resource) = Self.changes[index]
        for former in [Self.policy(Self.rules), Self.policy(Self.rules, egress: Self.rules)] {
            let known = try #require(KnownRules(former, try conversion(of: former)))
            #expect(validate(resource, knowing: known) == validate(resource), "\(what)")
            let expected = Result { try conversion(of: resource) }
            let found = Result { try conversion(of: resource, knowing: known) }
            switch (expected, found) {
            case (.success(let expected), .success(let found)):
                #expect(found == expected, "\(what)")
            case (.failure(let expected), .failure(let found)):
                #expect("\(found)" == "\(expected)", "\(what)")
            default: Issue.record("\(what): \(expected), but \(found) with what is known")
            }
        }
    }

    @Test("are not kept of short policies, nor of other kinds")
    func short() throws {
        let short = Self.policy(Array(Self.rules.prefix(KnownRules.leastCount - 1)))
        #expect(KnownRules(short, try conversion(of: short)) == nil)
        let profile = Resource(
            .calico("Profile"),
            version: "v3",
            name: "long",
            spec: ["ingress": .array(Self.rules)]
        )
        #expect(KnownRules(profile, try conversion(of: profile)) == nil)
    }
}
