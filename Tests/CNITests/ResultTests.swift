import CNI
import JSON
import Model
import Testing

@Suite
struct ResultTests {
    static let result = CNIResult(
        interfaces: [
            CNIInterface(name: "cali1", mac: "ee:ee:ee:ee:ee:ee"),
            CNIInterface(
                name: "eth0",
                mac: "02:00:00:00:00:01",
                sandbox: "/run/netns/x",
                mtu: 1450
            ),
        ],
        addresses: [
            CNIAddress(address: Address(v4: 0x0a41_0001), interface: 1),
            CNIAddress(address: Address(high: 0xfd00_0065 << 32, low: 1), interface: 1),
        ],
        routes: Prefix("0.0.0.0/0").map {
            [CNIRoute(destination: $0, gateway: Address(v4: 0xa9fe_0101), others: ["mtu": 1450])]
        } ?? []
    )

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let version: CNIVersion
        let text: String
    }

    static let old = """
        "ip4": {"ip": "10.65.0.1/32", "routes": [{"dst": "0.0.0.0/0", "gw": "169.254.1.1"}]},
        "ip6": {"ip": "fd00:65::1/128"}
        """
    static let interfaces = """
        "interfaces": [
          {"name": "cali1", "mac": "ee:ee:ee:ee:ee:ee"},
          {"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/run/netns/x"}]
        """
    static let families = """
        "ips": [
          {"version": "4", "interface": 1, "address": "10.65.0.1/32"},
          {"version": "6", "interface": 1, "address": "fd00:65::1/128"}]
        """
    static let addresses = """
        "ips": [
          {"interface": 1, "address": "10.65.0.1/32"}, {"interface": 1, "address": "fd00:65::1/128"}]
        """
    static let routes = #""routes": [{"dst": "0.0.0.0/0", "gw": "169.254.1.1"}]"#

    static let cases = [
        Case(
            testDescription: "0.1.0",
            version: .v0_1_0,
            text: #"{"cniVersion": "0.1.0", \#(old)}"#
        ),
        Case(
            testDescription: "0.2.0",
            version: .v0_2_0,
            text: #"{"cniVersion": "0.2.0", \#(old)}"#
        ),
        Case(
            testDescription: "0.3.0",
            version: .v0_3_0,
            text: #"{"cniVersion": "0.3.0", \#(interfaces), \#(families), \#(routes)}"#
        ),
        Case(
            testDescription: "0.3.1",
            version: .v0_3_1,
            text: #"{"cniVersion": "0.3.1", \#(interfaces), \#(families), \#(routes)}"#
        ),
        Case(
            testDescription: "0.4.0",
            version: .v0_4_0,
            text: #"{"cniVersion": "0.4.0", \#(interfaces), \#(families), \#(routes)}"#
        ),
        Case(
            testDescription: "1.0.0",
            version: .v1_0_0,
            text: #"{"cniVersion": "1.0.0", \#(interfaces), \#(addresses), \#(routes)}"#
        ),
        Case(
            testDescription: "1.1.0",
            version: .v1_1_0,
            text: """
                {"cniVersion": "1.1.0",
                 "interfaces": [
                   {"name": "cali1", "mac": "ee:ee:ee:ee:ee:ee"},
                   {"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/run/netns/x",
                    "mtu": 1450}],
                 \(addresses),
                 "routes": [{"dst": "0.0.0.0/0", "gw": "169.254.1.1", "mtu": 1450}]}
                """
        ),
    ]

    @Test("a result has the form of its version and is read back", arguments: cases)
    func forms(_ c: Case) throws {
        let expected = try JSONValue(parsing: c.text)
        let json = Self.result.json(for: c.version)
        #expect(json == expected)
        let copy = try CNIResult(json: json)
        #expect(copy.json(for: c.version) == expected)
        #expect(copy.addresses.map(\.address) == Self.result.addresses.map(\.address))
    }

    @Test("every version has a row")
    func complete() {
        #expect(Self.cases.map(\.version) == CNIVersion.allCases)
    }

    @Test("after another plugin, its interfaces come first and ours are counted on")
    func following() throws {
        let previous = CNIResult(
            interfaces: [CNIInterface(name: "br0")],
            addresses: [CNIAddress(address: Address(v4: 1), interface: 0)],
            dns: ["nameservers": ["10.96.0.10"]]
        )
        let both = Self.result.following(previous)
        #expect(both.interfaces.map(\.name) == ["br0", "cali1", "eth0"])
        #expect(both.addresses.map(\.interface) == [0, 2, 2])
        #expect(both.dns == ["nameservers": ["10.96.0.10"]])
        #expect(Self.result.following(nil) == Self.result)
    }

    @Test("an error has the specification's members")
    func error() throws {
        let error = CNIError(.tryAgainLater, "no agent", details: "nobody listens")
        let expected = try JSONValue(
            parsing: """
                {"cniVersion": "1.0.0", "code": 11, "msg": "no agent", "details": "nobody listens"}
                """
        )
        #expect(error.json(for: .v1_0_0) == expected)
        #expect(CNIError(.other, "x").json(for: .v0_1_0)["details"] == nil)
    }
}
