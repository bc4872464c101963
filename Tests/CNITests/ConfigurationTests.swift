import CNI
import JSON
import Testing

@Suite
struct ConfigurationTests {
    static let calico = """
        {
          "name": "k8s-pod-network", "cniVersion": "0.3.1", "type": "calico",
          "log_level": "info", "datastore_type": "kubernetes", "nodename": "node-1",
          "mtu": 1440, "num_queues": 2, "nodename_file": "/var/lib/calico/nodename",
          "ipam": {
            "type": "calico-ipam", "assign_ipv4": "true", "assign_ipv6": "true",
            "ipv4_pools": ["10.65.0.0/16", "pool-a"], "ipv6_pools": null
          },
          "policy": {"type": "k8s"},
          "kubernetes": {"kubeconfig": "/etc/cni/net.d/calico-kubeconfig"},
          "container_settings": {"allow_ip_forwarding": true},
          "feature_control": {"ip_addrs_no_ipam": true, "floating_ips": false},
          "include_default_routes": true, "policy_setup_timeout_seconds": 10,
          "capabilities": {"portMappings": true}, "something_new": [1, 2],
          "agent_socket": "/tmp/a.sock", "agent_timeout_seconds": 5
        }
        """

    private func parse(_ text: String) throws(CNIError) -> NetworkConfiguration {
        try NetworkConfiguration(parsing: Array(text.utf8))
    }

    @Test("Calico's keys are understood, unknown ones kept")
    func calicoKeys() throws {
        let configuration = try parse(Self.calico)
        #expect(configuration.version == .v0_3_1)
        #expect(configuration.name == "k8s-pod-network" && configuration.type == "calico")
        #expect(configuration.mtu == 1440 && configuration.queues == 2)
        #expect(configuration.nodeName == "node-1" && configuration.logLevel == "info")
        #expect(configuration.ipam.type == "calico-ipam")
        #expect(configuration.ipam.assignsIPv4 && configuration.ipam.assignsIPv6)
        #expect(configuration.ipam.ipv4Pools == ["10.65.0.0/16", "pool-a"])
        #expect(configuration.ipam.ipv6Pools.isEmpty)
        #expect(configuration.allowsForwarding && configuration.includesDefaultRoutes)
        #expect(configuration.features.allowsAddressesWithoutIPAM)
        #expect(!configuration.features.allowsFloatingIPs)
        #expect(configuration.policyTimeout == .seconds(10))
        #expect(configuration.agentSocket == "/tmp/a.sock")
        #expect(configuration.agentTimeout == .seconds(5))
        #expect(configuration.raw["something_new"] == [1, 2])
    }

    @Test("the least configuration has Calico's defaults")
    func defaults() throws {
        let configuration = try parse(#"{"name": "net", "type": "caracal-cni"}"#)
        #expect(configuration.version == .v0_1_0)
        #expect(configuration.mtu == nil && configuration.queues == 1)
        #expect(configuration.ipam.assignsIPv4 && !configuration.ipam.assignsIPv6)
        #expect(!configuration.allowsForwarding)
        #expect(configuration.policyTimeout == nil && configuration.agentSocket == nil)
        #expect(configuration.previousResult == nil && configuration.validAttachments == nil)
    }

    struct Bad: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let code: CNIErrorCode
        let complaint: String
    }

    static let bad: [Bad] = [
        Bad(testDescription: "nothing", text: "", code: .decoding, complaint: "not JSON"),
        Bad(testDescription: "half", text: #"{"name":"#, code: .decoding, complaint: "line 1"),
        Bad(testDescription: "a list", text: "[]", code: .decoding, complaint: "not an object"),
        Bad(
            testDescription: "a future version",
            text: #"{"name": "a", "cniVersion": "2.0.0"}"#,
            code: .incompatibleVersion,
            complaint: "2.0.0"
        ),
        Bad(
            testDescription: "a version that is a number",
            text: #"{"name": "a", "cniVersion": 1}"#,
            code: .decoding,
            complaint: "cniVersion"
        ),
        Bad(
            testDescription: "no name",
            text: #"{"cniVersion": "1.0.0"}"#,
            code: .invalidConfiguration,
            complaint: "missing network name"
        ),
        Bad(
            testDescription: "a name with a slash",
            text: #"{"name": "a/b"}"#,
            code: .invalidConfiguration,
            complaint: "a/b"
        ),
        Bad(
            testDescription: "a negative MTU",
            text: #"{"name": "a", "mtu": -1}"#,
            code: .invalidConfiguration,
            complaint: "mtu: -1"
        ),
        Bad(
            testDescription: "an MTU in quotes",
            text: #"{"name": "a", "mtu": "1500"}"#,
            code: .invalidConfiguration,
            complaint: "mtu"
        ),
        Bad(
            testDescription: "ipam that is a name",
            text: #"{"name": "a", "ipam": "calico-ipam"}"#,
            code: .invalidConfiguration,
            complaint: "ipam"
        ),
        Bad(
            testDescription: "a pool that is a number",
            text: #"{"name": "a", "ipam": {"ipv4_pools": [1]}}"#,
            code: .invalidConfiguration,
            complaint: "ipam.ipv4_pools"
        ),
        Bad(
            testDescription: "assign_ipv4 that is neither",
            text: #"{"name": "a", "ipam": {"assign_ipv4": "yes"}}"#,
            code: .invalidConfiguration,
            complaint: "ipam.assign_ipv4"
        ),
        Bad(
            testDescription: "an attachment without an interface",
            text: #"{"name": "a", "cni.dev/valid-attachments": [{"containerID": "x"}]}"#,
            code: .invalidConfiguration,
            complaint: "valid-attachments"
        ),
        Bad(
            testDescription: "a previous result with a bad address",
            text: #"{"name": "a", "prevResult": {"ips": [{"address": "10.0.0.1"}]}}"#,
            code: .decoding,
            complaint: "10.0.0.1"
        ),
        Bad(
            testDescription: "a previous result whose address is on no interface",
            text: """
                {"name": "a", "prevResult": {"ips": [{"address": "10.0.0.1/32", "interface": 3}]}}
                """,
            code: .decoding,
            complaint: "no such interface"
        ),
        Bad(
            testDescription: "nested too deeply",
            text: String(repeating: "[", count: 100_000),
            code: .decoding,
            complaint: "nested"
        ),
    ]

    @Test("a bad configuration is refused with code, key and value", arguments: bad)
    func refusals(_ c: Bad) {
        do throws(CNIError) {
            let configuration = try parse(c.text)
            Issue.record("accepted: \(configuration)")
        } catch {
            #expect(error.code == c.code)
            #expect(error.description.contains(c.complaint), "\(error)")
        }
    }

    @Test("GC's attachments")
    func attachments() throws {
        let configuration = try parse(
            """
            {"cniVersion": "1.1.0", "name": "a",
             "cni.dev/valid-attachments": [{"containerID": "x", "ifname": "eth0"}]}
            """
        )
        let expected = try CNIAttachment(containerID: "x", interface: "eth0")
        #expect(configuration.validAttachments == [expected])
    }

    struct Command: CustomTestStringConvertible {
        let testDescription: String
        let command: CNICommand
        let versions: [CNIVersion]
    }

    static let commands = [
        Command(testDescription: "ADD", command: .add, versions: CNIVersion.allCases),
        Command(testDescription: "DEL", command: .delete, versions: CNIVersion.allCases),
        Command(testDescription: "CHECK", command: .check, versions: [.v0_4_0, .v1_0_0, .v1_1_0]),
        Command(testDescription: "STATUS", command: .status, versions: [.v1_1_0]),
        Command(testDescription: "GC", command: .collectGarbage, versions: [.v1_1_0]),
    ]

    @Test("a command exists from its version on, and survives the socket", arguments: commands)
    func commandVersions(_ c: Command) throws {
        for version in CNIVersion.allCases {
            let configuration = try parse(
                #"{"name": "a", "cniVersion": "\#(version.rawValue)", "prevResult": {}}"#
            )
            var invocation = CNIInvocation(
                command: c.command,
                namespacePath: "/run/netns/x",
                arguments: ["A": "1"]
            )
            invocation.attachment = try CNIAttachment(containerID: "x", interface: "eth0")
            if c.versions.contains(version) {
                let request = try CNIRequest(invocation, configuration)
                let copy = try CNIRequest(json: JSONValue(parsing: request.json.text()))
                #expect(copy == request)
            } else {
                let error = #expect(throws: CNIError.self) {
                    try CNIRequest(invocation, configuration)
                }
                #expect(error?.code == .incompatibleVersion)
            }
        }
    }

    @Test("CHECK without a previous result is refused")
    func checkNeedsResult() throws {
        let configuration = try parse(#"{"name": "a", "cniVersion": "1.0.0"}"#)
        let error = #expect(throws: CNIError.self) {
            try CNIRequest(CNIInvocation(command: .check), configuration)
        }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test(
        "a request over the socket is checked again",
        arguments: [
            "{}", #"{"command": "ADD"}"#, #"{"command": "NONE", "configuration": {"name": "a"}}"#,
            #"{"command": "ADD", "configuration": {"name": "a"}}"#,
            #"{"command": "DEL", "configuration": {"name": "a"}}"#,
            """
            {"command": "ADD", "containerID": "../x", "interface": "eth0", "namespace": "/n",
             "configuration": {"name": "a"}}
            """,
        ]
    )
    func requests(_ text: String) throws {
        let json = try JSONValue(parsing: text)
        #expect(throws: CNIError.self) { try CNIRequest(json: json) }
    }
}
