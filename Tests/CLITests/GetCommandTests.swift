import CLI
import Foundation
import Synchronization
import Testing

struct GetCommandTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    @Test func tables() async throws {
        try await cli.apply(cluster)
        let rows: [(line: String, table: String)] = [
            ("get gnp", "NAME           TIER       ORDER\nplatform.log   platform   10\n"),
            (
                "get np -A",
                "NAMESPACE   NAME           TIER      ORDER\n"
                    + "default     allow-client   default   500\n"
            ),
            ("get np -n other", "NAME   TIER   ORDER\n"),
            (
                "get np -o wide",
                "NAME           TIER      ORDER   SELECTOR       TYPES     INGRESS   EGRESS\n"
                    + "allow-client   default   500     app == 'web'   Ingress   1         0\n"
            ),
            ("get tiers", "NAME       ORDER   DEFAULTACTION\nplatform   100     Deny\n"),
            ("get pools", "NAME   CIDR           SELECTOR\npool   10.65.0.0/16   all()\n"),
            (
                "get tier,pool",
                "NAME       ORDER   DEFAULTACTION\nplatform   100     Deny\n\n"
                    + "NAME   CIDR           SELECTOR\npool   10.65.0.0/16   all()\n"
            ),
            ("get hep", "NAME   NODE\n"),
            (
                "get pool -o custom-columns=NAME,NAT,C:.spec.cidr",
                "NAME   NAT    C\npool   true   10.65.0.0/16\n"
            ),
        ]
        for row in rows {
            let result = await cli.run(row.line)
            #expect(result == .init(row.table))
        }
    }

    @Test func podsAreWorkloadEndpoints() async throws {
        try await cli.apply(cluster)
        let columns = "N:.metadata.name,NETS:.spec.ipNetworks[*],PORTS:.spec.ports[*].name"
        let result = await cli.run("get wep -o custom-columns=\(columns)")
        let table = """
            N                         NETS                       PORTS
            node--1-k8s-web--1-eth0   10.65.0.2/32,fd00::2/128   http
            node--2-k8s-client-eth0   10.65.0.3/32,fd00::3/128   <none>

            """
        #expect(result == .init(table))
        let labels =
            "app=web,projectcalico.org/namespace=default,projectcalico.org/orchestrator=k8s"
        #expect(
            await cli.run("get wep -o name -l app=web").output.hasSuffix(
                "/node--1-k8s-web--1-eth0\n"
            )
        )
        #expect(await cli.run("get wep -o wide").output.contains(labels))
    }

    @Test(arguments: [
        ("team=shop", ["allow-client"]), ("team==infra", []), ("team!=infra", ["allow-client"]),
        ("team in (shop, infra)", ["allow-client"]), ("team notin (shop)", []),
        ("team", ["allow-client"]),
        ("!team", []), ("team=shop,!other", ["allow-client"]), ("team == 'shop'", ["allow-client"]),
        ("has(team) && team != 'shop'", []), ("all()", ["allow-client"]),
    ])
    func selectors(_ text: String, _ names: [String]) async throws {
        try await cli.apply(cluster)
        let result = await cli.run("get np -o custom-columns=N:.metadata.name -l", text)
        #expect(result == .init((["N"] + names).map { $0 + "\n" }.joined()))
    }

    @Test func documents() async throws {
        try await cli.apply(tier("a", order: 5))
        let yaml = await cli.run("get tier a -o yaml --export").output
        #expect(
            yaml == """
                apiVersion: projectcalico.org/v3
                kind: Tier
                metadata:
                  name: a
                spec:
                  order: 5
                  defaultAction: Deny

                """
        )
        let list = await cli.run("get tier -o json --export").output
        #expect(
            list.hasPrefix(
                "{\n  \"apiVersion\": \"projectcalico.org/v3\",\n  \"kind\": \"TierList\""
            )
        )
        // What is printed can be read again.
        for format in ["yaml", "json"] {
            let text = await cli.run("get tier -o \(format)").output
            #expect(await cli.run("apply -f -", input: text).status == 0)
        }
        #expect(
            await cli.run("get -f - -o name", input: tier("a", order: 0)).output
                == "tier.projectcalico.org/a\n"
        )
    }

    @Test func missingNamesAreNamed() async throws {
        try await cli.apply(cluster)
        let result = await cli.run("get np allow-client gone -o name")
        #expect(result.status == 3)
        #expect(result.output == "networkpolicy.projectcalico.org/allow-client\n")
        #expect(result.errors == "Error: NetworkPolicy(default/gone) does not exist\n")
    }

    @Test func watchShowsWhatChanges() async throws {
        try await cli.apply(tier("a", order: 1))
        let (lines, continuation) = AsyncStream<String>.makeStream()
        let console = Console(
            environment: ["CARACAL_STORE": cli.storePath],
            input: { [] },
            write: { continuation.yield($0) },
            complain: { continuation.yield($0) }
        )
        await withTaskGroup { group in
            group.addTask { _ = await Caracalctl.run(["get", "tier", "--watch"], on: console) }
            var seen = lines.makeAsyncIterator()
            let start = await seen.next()
            #expect(
                start == "EVENT      NAME   ORDER   DEFAULTACTION\nADDED      a      1       Deny\n"
            )
            _ = await cli.run("apply -f -", input: tier("a", order: 2))
            #expect(await seen.next() == "MODIFIED   a      2       Deny\n")
            _ = await cli.run("apply -f -", input: cluster)
            #expect(await seen.next() == "ADDED      platform   100     Deny\n")
            _ = await cli.run("delete tier a")
            #expect(await seen.next() == "DELETED    a      2       Deny\n")
            group.cancelAll()
        }
    }
}
