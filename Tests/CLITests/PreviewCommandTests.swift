import CLI
import JSON
import Testing

struct PreviewCommandTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    private static let deny = """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: deny-client}
        spec:
          order: 1
          selector: app == 'web'
          ingress:
          - action: Deny
            protocol: TCP
            source: {selector: role == 'client'}
            destination: {ports: [80, '8000:8001']}
        """

    private static let ask = "policy preview -o json --socket /nowhere/at/all"

    @Test func showsWhatChangesAndWritesNothing() async throws {
        try await cli.apply(cluster)
        let before = await cli.run("get networkpolicies -o name")
        let result = await cli.run("policy preview -f -", input: Self.deny)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("Flows: not compared: no agent listens at "))
        // The range's ports are denied already, by the end of the tier.
        #expect(result.output.contains("for 80/TCP, 8000/TCP, 8001/TCP:\n2 of 12 would change\n"))
        let row = result.output.split(separator: "\n").first { $0.hasPrefix("allow") }
        let cells = row?.split(separator: " ", omittingEmptySubsequences: true).prefix(6)
        #expect(
            cells?.map(String.init)
                == ["allow", "deny", "default/client", "default/web-1", "80/TCP", "1"]
        )
        #expect(result.output.contains("NetworkPolicy default/deny-client, ingress rule 0: Deny"))
        #expect(await cli.run("get networkpolicies -o name") == before)
    }

    @Test func tellsAScriptByItsStatus() async throws {
        try await cli.apply(cluster)
        let line = "policy preview --exit-code -f -"
        #expect(await cli.run(line, input: Self.deny).status == 7)
        #expect(await cli.run(line, input: cluster).status == 0)
        try await cli.apply(Self.deny)
        #expect(await cli.run(line, input: Self.deny).status == 0)
        #expect(await cli.run(line + " --delete", input: Self.deny).status == 7)
        #expect(await cli.run(line + " --port 81/TCP --delete", input: Self.deny).status == 0)
    }

    @Test func labelsAndNetworkSetsAreChangesToo() async throws {
        try await cli.apply(cluster)
        let pod = """
            apiVersion: v1
            kind: Pod
            metadata: {name: client, labels: {role: other}}
            spec: {nodeName: node-2, containers: [{name: c}]}
            status: {phase: Running, podIP: 10.65.0.3, podIPs: [{ip: 10.65.0.3}, {ip: 'fd00::3'}]}
            """
        let result = await cli.run("policy preview -o yaml -f -", input: pod)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("  changed: 2\n"), "\(result.output)")
        #expect(result.output.contains("after: deny\n"))
    }

    @Test func enforcesWhatIsStaged() async throws {
        try await cli.apply(cluster)
        let staged = Self.deny.replacing("kind: NetworkPolicy", with: "kind: StagedNetworkPolicy")
        let plain = await cli.run("policy preview --exit-code -f -", input: staged)
        #expect(plain.status == 0, "a staged policy changes nothing: \(plain.output)")
        #expect(
            await cli.run("policy preview --exit-code --staged -f -", input: staged).status == 7
        )
        try await cli.apply(staged)
        let stored = await cli.run("policy preview --exit-code --staged")
        #expect(stored.status == 7)
        #expect(stored.output.contains("StagedNetworkPolicy default/deny-client"))
    }

    @Test func badInputIsRefusedAsApplyRefusesIt() async throws {
        try await cli.apply(cluster)
        let bad = Self.deny.replacing("action: Deny", with: "action: Refuse")
        let wanted = await cli.run("apply -f -", input: bad)
        let result = await cli.run("policy preview -f -", input: bad)
        #expect(result.status == wanted.status && wanted.status == 5)
        #expect(result.errors.contains("Refuse"), "\(result.errors)")
        #expect(result.output == "")
        let absent = await cli.run("policy preview --delete -f -", input: Self.deny)
        #expect(absent.status == 3)
        let none = await cli.run("policy preview")
        #expect(none.status == 2)
        let port = await cli.run("policy preview --port 80/ICMP -f -", input: Self.deny)
        #expect(port.status == 2 && port.errors.contains("80/ICMP"))
        let agent = await cli.run(Self.ask + " -f -", input: Self.deny)
        #expect(agent.status == 6, "an agent that was named must answer")
        #expect(agent.errors.contains("/nowhere/at/all"))
    }
}
