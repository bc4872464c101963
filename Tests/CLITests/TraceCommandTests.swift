import CLI
import JSON
import Testing

struct TraceCommandTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    @Test func explainsAnAllowedFlow() async throws {
        try await cli.apply(cluster)
        let result = await cli.run("policy trace default/client default/web-1 --port 80")
        let text = """
            TCP from default/client (10.65.0.3:49152) to default/web-1 (10.65.0.2:80)

            Egress of default/client on node-2:
              * Profile kns.default, egress rule 0: Allow
              => allowed by Profile kns.default, egress rule 0: Allow

            Ingress of default/web-1 on node-1:
              tier platform
              * GlobalNetworkPolicy platform.log, ingress rule 0: Log
              * GlobalNetworkPolicy platform.log, ingress rule 1: Pass
              tier default
              * NetworkPolicy default/allow-client, ingress rule 0: Allow
              => allowed by NetworkPolicy default/allow-client, ingress rule 0: Allow

            Verdict: allowed

            """
        #expect(result == .init(text))
    }

    @Test func explainsADeniedFlow() async throws {
        try await cli.apply(cluster)
        let result = await cli.run("policy trace 10.9.9.9 10.65.0.2 --protocol udp --port 53")
        let text = """
            UDP from 10.9.9.9:49152 to default/web-1 (10.65.0.2:53)

            Ingress of default/web-1 on node-1:
              tier platform
                GlobalNetworkPolicy platform.log, ingress rule 0: Log  (no match: other protocol)
              * GlobalNetworkPolicy platform.log, ingress rule 1: Pass
              tier default
                NetworkPolicy default/allow-client, ingress rule 0: Allow  (no match: other protocol)
              * end of tier default: Deny
              => denied by end of tier default: Deny

            Verdict: denied

            """
        #expect(result == .init(text))
    }

    /// A host endpoint's stages come in Calico's order, by its name or by its address.
    @Test(arguments: [
        ("host-1", "5", "deny", "list"), ("host-1", "6", "deny", "before"),
        ("10.0.0.1", "7", "allow", "own"), ("10.0.0.1", "8", "deny", nil),
    ])
    func hostEndpoint(
        _ end: String,
        _ port: String,
        _ verdict: JSONValue,
        _ policy: JSONValue?
    ) async throws {
        let file = try cli.file("hosts.yaml", Self.hosts)
        let result = await cli.run(
            "policy trace 10.9.9.9 \(end) --port \(port) -o json --file",
            file
        )
        let trace = try JSONValue(parsing: result.output)
        #expect(trace["verdict"] == verdict)
        #expect(trace["ingress"]?["endpoint"] == "node-1/host-1")
        #expect(trace["ingress"]?["decision"]?["name"] == policy)
    }

    private static let hosts = """
        apiVersion: projectcalico.org/v3
        kind: HostEndpoint
        metadata: {name: host-1, labels: {role: edge}}
        spec: {node: node-1, interfaceName: eth0, expectedIPs: [10.0.0.1]}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: list}
        spec:
          order: 30
          selector: role == 'edge'
          doNotTrack: true
          applyOnForward: true
          ingress: [{action: Deny, protocol: TCP, destination: {ports: [5]}}]
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: before}
        spec:
          order: 20
          selector: role == 'edge'
          preDNAT: true
          applyOnForward: true
          ingress: [{action: Deny, protocol: TCP, destination: {ports: [6]}}]
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: own}
        spec:
          order: 10
          selector: role == 'edge'
          ingress: [{action: Allow, protocol: TCP, destination: {ports: ['5:7']}}]
        """

    /// The same answers from a file, without any store.
    @Test(arguments: [
        ("default/client default/web-1 --port 80", "allow", "NetworkPolicy"),
        ("default/client default/web-1 --port 81", "deny", "EndOfTier"),
        ("default/web-1 default/client --protocol ICMP", "allow", "Profile"),
        ("default/web-1 default/client --protocol ICMPv6 --ip-version 6", "allow", "Profile"),
        ("10.1.1.1 default/web-1 --protocol 132 --port 80", "deny", "EndOfTier"),
    ])
    func offline(_ flow: String, _ verdict: JSONValue, _ decision: JSONValue) async throws {
        let file = try cli.file("cluster.yaml", cluster)
        let result = await cli.run("policy trace \(flow) -o json --file", file)
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        let trace = try JSONValue(parsing: result.output)
        #expect(trace["verdict"] == verdict)
        #expect(trace["ingress"]?["decision"]?["kind"] == decision)
    }

    @Test func usage() async throws {
        let file = try cli.file("cluster.yaml", cluster)
        let rows = [
            ("default/client default/web-1", "Error: TCP needs --port"),
            ("default/client default/web-1 --protocol icmp --port 1", "Error: ICMP has no ports"),
            ("default/client default/web-1 --port 1 --icmp-type 1", "Error: TCP has no ICMP type"),
            (
                "default/client default/web-1 --port 1 --ip-version 5",
                "Error: there is no IP version 5"
            ),
        ]
        for (flow, message) in rows {
            let result = await cli.run("policy trace \(flow) --file", file)
            #expect(result == .init(status: 2, output: "", errors: message + "\n"))
        }
        let mixed = await cli.run(
            "policy trace fd00::9 default/web-1 --port 1 --ip-version 4 --file",
            file
        )
        #expect(mixed.status == 1)
        #expect(
            mixed.errors == "Error: fd00::9 and default/web-1 do not both have an IPv4 address\n"
        )
    }
}
