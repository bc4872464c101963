import JSON
import Model
import Resources
import Support
import Testing

@Suite("Felix's parameters")
struct FelixParametersTests {
    private func configuration(
        _ name: String,
        _ spec: JSONValue,
        created: String = "2026-01-01T00:00:00Z"
    ) -> Resource {
        var resource = Resource(
            .calico("FelixConfiguration"),
            version: "v3",
            name: name,
            spec: spec
        )
        resource.metadata["creationTimestamp"] = .string(created)
        return resource
    }

    @Test("the table is whole, and every default is of its type")
    func table() {
        let count = 209 + FelixParameter.caracal.count
        #expect(FelixParameter.all.count == count)
        #expect(Set(FelixParameter.all.map { $0.name.lowercased() }).count == count)
        let empty = FelixParameters()
        #expect(empty.problems.isEmpty)
        let unset = FelixParameter.all.filter { $0.hasDefault && $0.defaultValue == nil }
        #expect(unset.map(\.name) == [])
        #expect(empty.integer("healthPort") == 9099)
        #expect(empty.duration("interfaceRefreshInterval") == .seconds(90))
        #expect(empty.text("logSeverityScreen") == "Info")
        #expect(empty.bool("bpfDisableUnprivileged"))
        #expect(empty.ports("kubeNodePortRanges") == [30000...32767])
        #expect(empty.hostPorts("failsafeInboundHostPorts").count == 9)
        #expect(empty.pairs("bpfConntrackTimeouts")["UDPTimeout"] == "60s")
    }

    @Test("the strongest source wins")
    func precedence() {
        let resources = [
            configuration("default", ["healthPort": 1, "vxlanVNI": 1, "metadataPort": 1]),
            configuration("node.n1", ["healthPort": 2, "vxlanVNI": 2]),
            configuration("node.n2", ["healthPort": 9]),
            configuration(
                "young",
                ["nodeSelector": "zone == 'a'", "metadataPort": 8, "vxlanPort": 8],
                created: "2026-02-01T00:00:00Z"
            ),
            configuration(
                "old",
                ["nodeSelector": "zone == 'a'", "vxlanPort": 4, "metadataPort": 4]
            ),
            configuration("other", ["nodeSelector": "zone == 'b'", "vxlanPort": 5]),
        ]
        let found = FelixSource.configurations(resources, host: "n1", nodeLabels: ["zone": "a"])
        #expect(found.ignored == ["young"])
        let sources = [
            FelixSource.overrides(["HealthHost": "flag"]),
            FelixSource.environment([
                "FELIX_HEALTHHOST": "env", "felix_debughost": "env", "PATH": "x",
            ]),
            FelixSource.file(
                "# comment\n[other]\nHealthPort = 7\n[global]\nDebugHost = file\nvxlanvni = 3\n",
                path: "felix.cfg"
            ),
        ]
        let parameters = FelixParameters(sources + found.sources)
        #expect(parameters.problems == [])
        #expect(parameters.text("healthHost") == "flag")
        #expect(parameters.text("debugHost") == "env")
        #expect(parameters.integer("vxlanVNI") == 3)
        #expect(parameters.integer("healthPort") == 2)
        #expect(parameters.integer("metadataPort") == 4)
        #expect(parameters.integer("vxlanPort") == 4)
        #expect(parameters.integer("vxlanMTU") == 0)
        #expect(parameters.source(of: "debugHost") == "environment")
        #expect(parameters.source(of: "vxlanPort") == "FelixConfiguration(old)")
        #expect(parameters.source(of: "vxlanMTU") == "default")
    }

    @Test("a bad value gives the default, and does not fall through to a weaker source")
    func badValues() {
        let parameters = FelixParameters([
            .environment([
                "FELIX_HealthPort": "high", "FELIX_Nonsense": "1", "FELIX_BPFEnabled": "maybe",
            ]),
            .file("[global]\nHealthPort = 7\n", path: "felix.cfg"),
            FelixSource.configurations(
                [
                    configuration(
                        "default",
                        ["EtcdAddr": "a:1", "vxlanMTU": "x", "bpfLogLevel": ""]
                    )
                ],
                host: "n",
                nodeLabels: [:]
            ).sources[0],
        ])
        #expect(parameters.integer("healthPort") == 9099)
        #expect(!parameters.bool("bpfEnabled"))
        #expect(
            parameters.problems.map(\.description) == [
                #"environment: BPFEnabled: "maybe": bad value; using the default, false"#,
                #"environment: HealthPort: "high": bad value; using the default, 9099"#,
                #"environment: Nonsense: "1": unknown parameter"#,
                #"FelixConfiguration(default): EtcdAddr: "a:1": only a node itself can set this"#,
                #"FelixConfiguration(default): vxlanMTU: "x": bad value; using the default, 0"#,
            ]
        )
    }

    struct Text: CustomTestStringConvertible {
        let name: String
        let text: String
        let value: FelixValue?
        var testDescription: String { "\(name)=\(text)" }

        init(_ name: String, _ text: String, _ value: FelixValue?) {
            self.name = name
            self.text = text
            self.value = value
        }
    }

    @Test(
        "the forms of the environment",
        arguments: [
            Text("BPFEnabled", "TRUE", .bool(true)), Text("BPFEnabled", "no", .bool(false)),
            Text("ReportingIntervalSecs", "1.5", .duration(.milliseconds(1500))),
            Text("ReportingIntervalSecs", "2m", .duration(.seconds(120))),
            Text("IptablesLockProbeIntervalMillis", "20", .duration(.milliseconds(20))),
            Text("IptablesBackend", "nft", .text("NFT")),
            Text("IptablesMarkMask", "0xff00", .integer(0xff00)),
            Text("BPFPSNATPorts", "1000:2000", .ports([1000...2000])),
            Text("NATPortRange", "0", .ports([])),
            Text("KubeNodePortRanges", "80, 90:99", .ports([80...80, 90...99])),
            Text("BPFDSROptoutCIDRs", "10.0.0.0/8,fd00::/8", .texts(["10.0.0.0/8", "fd00::/8"])),
            Text("FailsafeInboundHostPorts", "none", .hostPorts([])),
            Text(
                "FailsafeInboundHostPorts",
                "22,udp:68,tcp:10.0.0.0/8:80,tcp:[fd00::/8]:81",
                .hostPorts([
                    FelixHostPort(protocol: .tcp, port: 22),
                    FelixHostPort(protocol: .udp, port: 68),
                    FelixHostPort(protocol: .tcp, port: 80, net: Prefix("10.0.0.0/8")),
                    FelixHostPort(protocol: .tcp, port: 81, net: Prefix("fd00::/8")),
                ])
            ),
            Text("RouteTableRanges", "1-5,10", .tables([1...5, 10...10])),
            Text("BPFLogFilters", "all=tcp,eth0=", .pairs(["all": "tcp", "eth0": ""])),
            Text("LogActionRateLimit", "10/minute", .text("10/minute")),
            Text("FeatureDetectOverride", "A=true,B=false", .text("A=true,B=false")),
        ]
    )
    func environment(_ test: Text) {
        let parameters = FelixParameters([.environment(["FELIX_\(test.name)": test.text])])
        #expect(parameters.problems == [])
        #expect(parameters[test.name] == test.value)
    }

    @Test(
        "bad forms",
        arguments: [
            ("BPFEnabled", "2"), ("HealthPort", "65536"), ("HealthPort", "0x50"),
            ("IptablesMarkMask", "1"), ("IptablesMarkMask", "0x1ffffffff"),
            ("IptablesBackend", "x"),
            ("RouteRefreshInterval", "soon"), ("RouteRefreshInterval", "1e300"),
            ("FailsafeInboundHostPorts", "icmp:1"), ("FailsafeInboundHostPorts", "tcp:"),
            ("FailsafeInboundHostPorts", "tcp:x:1"), ("RouteTableRanges", "5-1"),
            ("KubeNodePortRanges", "http"), ("MTUIfacePattern", "*"),
            ("LogActionRateLimit", "0/minute"),
            ("LogActionRateLimit", "1/year"), ("FeatureGates", "a"), ("EtcdAddr", "a"),
        ]
    )
    func bad(name: String, text: String) {
        #expect(FelixParameters([.environment(["FELIX_\(name)": text])]).problems.count == 1)
    }

    @Test("hostile patterns are judged without a crash", arguments: [UInt64(1), 2])
    func patterns(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let parts = [
            "(", ")", "[", "]", "{", "}", "*", "+", "?", "|", "\\", "(?i)", "[^", "\\p{", "{1,",
            "(?<",
            "\\Q", "(?#", "^", "$", "[[:alpha:]]", "\\x", "&&", "\\k<a>", "\\1", "(?=", "\\u{",
        ]
        let pattern = Array("^((en|wl)[Popsx].*|(eth|wlan){1,2}.+?)$".utf8)
        for _ in 0..<500 {
            let text = String(decoding: random.mutation(of: pattern, parts: parts), as: UTF8.self)
            _ = FelixParameters([.environment(["FELIX_MTUIfacePattern": text])])
        }
        for part in parts {
            let text = String(repeating: part, count: 1000 / part.utf8.count)
            _ = FelixParameters([.environment(["FELIX_MTUIfacePattern": text])])
        }
    }
}
