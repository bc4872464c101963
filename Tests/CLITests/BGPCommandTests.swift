import CLI
import Testing

private let peers = """
    {"node": "a", "routerID": "10.0.0.1", "localAS": 64512,
     "peers": [
       {"address": "10.0.0.2", "port": 179, "asNumber": 64512, "kind": "mesh",
        "state": "Established", "seconds": 3725, "reason": "",
        "ipv4": {"received": 5, "accepted": 4, "advertised": 3},
        "ipv6": {"received": 2, "accepted": 2, "advertised": 1}},
       {"address": "10.0.0.9", "port": 1179, "asNumber": 65000, "kind": "global",
        "resource": "tor", "state": "Active", "seconds": 7, "reason": "HoldTimer_Expires"}],
     "problems": ["BGPPeer(p): BGPFilter(f) does not exist"],
     "kernel": {"installed": 6, "refused": 0, "unreachable": 1}}
    """

private let paths = """
    {"paths": [
       {"prefix": "10.65.0.0/26", "nextHops": ["10.0.0.2"], "from": "10.0.0.2",
        "asPath": [65001, 65002], "metric": 1024, "kernel": "installed",
        "localPreference": 200, "communities": ["65000:1"]},
       {"prefix": "10.65.0.0/26", "nextHops": ["10.0.0.3"], "from": "10.0.0.3", "asPath": [],
        "localPreference": 100, "why": "lower LOCAL_PREF: 100 against 200"}]}
    """

/// What a node's BGP speaker is asked; a command waits for its answer on a thread of the pool, so
/// one after another.
@Suite(.serialized)
struct BGPCommandTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    private func ask(_ verb: String, _ json: String, _ line: String) async throws -> String {
        let speaker = try CannedAgent(verb, json)
        let environment = ["CARACAL_BGP_SOCKET": speaker.path]
        let cli = cli
        let result = try await speaker.serve { await cli.run(line, environment: environment) }
        #expect(result.errors == "" && result.status == 0)
        return result.output
    }

    @Test func sessions() async throws {
        let text = try await ask("peers", peers, "bgp peers")
        #expect(
            text == """
                a: AS 64512, router id 10.0.0.1
                PEER                 AS      KIND           STATE         SINCE   RECEIVED   \
                ACCEPTED   ADVERTISED   REASON
                10.0.0.2             64512   mesh           Established   1h2m    7          \
                6          4
                10.0.0.9 port 1179   65000   global (tor)   Active        7s      0          \
                0          0            HoldTimer_Expires
                problem: BGPPeer(p): BGPFilter(f) does not exist
                routes in the kernel: 6 installed, 0 refused, 1 unreachable

                """
        )
        #expect(try await ask("peers", peers, "bgp peers -o json").contains(#""seconds": 3725"#))
    }

    @Test func sessionsUnderNodeStatus() async throws {
        try await cli.apply(
            """
            apiVersion: projectcalico.org/v3
            kind: Node
            metadata: {name: a}
            spec: {bgp: {ipv4Address: 10.0.0.1/24}}
            """
        )
        let text = try await ask("peers", peers, "node status")
        #expect(text.hasPrefix("NODE "))
        #expect(text.contains("Established"))
        let alone = await cli.run("node status", environment: ["CARACAL_BGP_SOCKET": "/nowhere"])
        #expect(alone.status == 0 && !alone.output.contains("router id"))
    }

    @Test func routes() async throws {
        let text = try await ask("route", paths, "bgp route 10.65.0.7")
        #expect(
            text == """
                DESTINATION    NEXT HOP   FROM       AS PATH       METRIC   KERNEL
                10.65.0.0/26   10.0.0.2   10.0.0.2   65001 65002   1024     installed
                10.65.0.0/26   10.0.0.3   10.0.0.3

                """
        )
    }

    @Test func reasons() async throws {
        let text = try await ask("explain", paths, "bgp explain 10.65.0.0/26")
        #expect(
            text == """
                1. 10.65.0.0/26, from 10.0.0.2, via 10.0.0.2, preference 200, path 65001 65002, \
                communities 65000:1
                2. 10.65.0.0/26, from 10.0.0.3, via 10.0.0.3, preference 100
                   lower LOCAL_PREF: 100 against 200

                """
        )
    }

    @Test func nothingThere() async throws {
        let none = try CannedAgent("route", #"{"paths": []}"#)
        let cli = cli
        let result = try await none.serve {
            await cli.run("bgp route 10.0.0.0/8 --socket \(none.path)")
        }
        #expect(result.status == 1 && result.errors == "Error: no route to 10.0.0.0/8\n")
        let absent = await cli.run("bgp peers --socket /nowhere/bgp.sock")
        #expect(absent.status != 0 && absent.errors.contains("/nowhere/bgp.sock"))
    }
}
