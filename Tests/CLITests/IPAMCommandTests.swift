import CLI
import DatastoreSQLite
import Foundation
import IPAM
import Model
import Testing

struct IPAMCommandTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    /// Gives the pods of the fixture their addresses, and one to a pod that does not exist.
    private func assign() async throws {
        try await cli.apply(
            cluster + """

                ---
                apiVersion: projectcalico.org/v3
                kind: Node
                metadata: {name: node-1}
                spec: {bgp: {ipv4Address: 172.16.0.1/24, asNumber: 64513}}
                ---
                apiVersion: projectcalico.org/v3
                kind: Node
                metadata: {name: node-2}
                spec: {bgp: {ipv4Address: 172.16.0.2/24}}
                """
        )
        let ipam = IPAM(store: SQLiteDatastore(path: cli.storePath))
        let rows = [
            ("10.65.0.2", "web-1", "node-1"), ("10.65.0.3", "client", "node-2"),
            ("10.65.0.9", "gone", "node-1"),
        ]
        for (address, pod, node) in rows {
            var request = AddressRequest(
                try #require(Address(address)),
                node: node,
                handle: "k8s-pod-network.\(pod)"
            )
            request.attributes = ["pod": pod, "namespace": "default", "node": node]
            try await ipam.assign(request, now: Timestamp(seconds: 1_700_000_000))
        }
    }

    @Test func shows() async throws {
        try await assign()
        #expect(
            await cli.run("ipam show --show-blocks").output == """
                GROUPING   CIDR           IPS TOTAL   IPS IN USE   IPS FREE
                IP Pool    10.65.0.0/16   65536       3 (0%)       65533 (100%)
                Block      10.65.0.0/26   64          3 (5%)       61 (95%)

                """
        )
        #expect(
            await cli.run("ipam show --show-borrowed").output == """
                IP          BORROWING-NODE   BLOCK          BLOCK OWNER   ALLOCATED-TO
                10.65.0.3   node-2           10.65.0.0/26   host:node-1   default/client

                """
        )
        #expect(
            await cli.run("ipam show --ip 10.65.0.9").output == """
                IP 10.65.0.9 is in use
                Attributes:
                  namespace: default
                  node: node-1
                  pod: gone
                  handle: k8s-pod-network.gone

                """
        )
        #expect(await cli.run("ipam show --ip 10.65.0.10").status == 3)
        #expect(
            await cli.run("node status").output == """
                NODE     IPV4            IPV6   ASN       BLOCKS   ADDRESSES   PODS
                node-1   172.16.0.1/24          64513     1        2           1
                node-2   172.16.0.2/24          (64512)   0        1           1

                """
        )
    }

    @Test func findsAndReleasesLeaks() async throws {
        try await assign()
        let report = cli.path("report.json")
        let check = await cli.run("ipam check --show-problem-ips -o", report)
        #expect(check.status == 1)
        #expect(check.output.contains("  10.65.0.9 leaked; it was held by default/gone\n"))
        #expect(check.output.contains("Found 1 addresses that nobody uses.\n"))
        let released = await cli.run("ipam release --from-report", report)
        #expect(released == .init("Successfully released IP address 10.65.0.9\n"))
        let clean = await cli.run("ipam check")
        #expect(clean.status == 0, "\(clean.output)")
        #expect(clean.output.hasSuffix("Check complete; found 0 problems.\n"))
    }

    @Test func refusesToReleaseWhatIsUsed() async throws {
        try await assign()
        let refused = await cli.run("ipam release --ip 10.65.0.2")
        #expect(refused.status == 4)
        #expect(refused.errors == "Error: 10.65.0.2 is in use by default/web-1; see --force\n")
        #expect(await cli.run("ipam release --force --ip 10.65.0.2").status == 0)
        let check = await cli.run("ipam check --show-problem-ips")
        #expect(check.output.contains("  10.65.0.2 of default/web-1 is not assigned\n"))
    }

    @Test func configures() async throws {
        let set = await cli.run("ipam configure --strictaffinity=true --max-blocks-per-host=4")
        #expect(
            set
                == .init(
                    "Successfully set StrictAffinity to: true\nSuccessfully set MaxBlocksPerHost to: 4\n"
                )
        )
        let more = await cli.run(
            "ipam configure --kubevirt-ip-persistence=Disabled --ip-cooldown-seconds=30"
        )
        #expect(more.status == 0)
        #expect(
            await cli.run("ipam show --show-configuration").output == """
                PROPERTY             VALUE
                StrictAffinity       true
                AutoAllocateBlocks   true
                MaxBlocksPerHost     4
                IPCooldownSeconds    30

                """
        )
        let column = "custom-columns=K:.spec.kubeVirtVMAddressPersistence"
        #expect(await cli.run("get ipamconfig default -o \(column)").output == "K\nDisabled\n")
        // The limit needs strict affinity.
        #expect(await cli.run("ipam configure --strictaffinity=false").status == 5)
    }
}
