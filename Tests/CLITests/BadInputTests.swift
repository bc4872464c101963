import CLI
import Testing

/// A wrong command line or document: the exit status, and the beginning of the only message.
struct BadInputTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    @Test(arguments: [
        ("get", 2, "Error: expected either a KIND or -f"),
        ("get foo", 2, "Error: unknown kind 'foo'"),
        ("get np,gnp name", 2, "Error: names can be given for one kind only"),
        ("get gnp -o xml", 2, "Error: unknown format 'xml'"),
        ("get gnp -o go-template={{.}}", 2, "Error: -o go-template is not supported"),
        (
            "get gnp -o custom-columns=A", 2,
            "Error: 'A' is no column of GlobalNetworkPolicy; it has NAME, TIER, ORDER"
        ),
        ("get gnp -o custom-columns=A:..b", 2, "Error: 'A:..b' is no column; expected"),
        ("get gnp -l a===b", 2, "Error: 'a===b' is neither a label selector nor an expression"),
        ("get gnp --frobnicate", 2, "Error: Unknown option '--frobnicate'"),
        ("frobnicate", 2, "Error: Unexpected argument 'frobnicate'"),
        ("get gnp missing", 3, "Error: GlobalNetworkPolicy(missing) does not exist"),
        ("apply", 2, "Error: expected -f"),
        ("apply -f /nowhere/x.yaml", 3, "Error: /nowhere/x.yaml: no such file or folder"),
        ("delete", 2, "Error: expected either KIND and NAME, or -f"),
        ("delete gnp", 2, "Error: expected the names of what to delete"),
        ("patch gnp x -p {", 2, "Error: the patch is no JSON: line 1, column 2"),
        ("patch gnp x -p []", 2, "Error: the patch is a list, expected an object"),
        ("patch gnp x -t json -p {}", 2, "Error: the patch: expected a list of operations"),
        ("patch gnp x -t json -p [{}]", 2, "Error: the patch: an operation has no 'op'"),
        ("patch gnp x -p {}", 3, "Error: GlobalNetworkPolicy(x) does not exist"),
        ("patch gnp -p {}", 2, "Error: expected one kind and one name"),
        ("label tier a", 2, "Error: expected a kind, a name and labels"),
        ("label tier a b", 2, "Error: expected KEY=VALUE, not 'b'"),
        ("label tier a b=c --remove", 2, "Error: expected KEY, not 'b=c'"),
        ("ipam show --ip 10.0.0.300", 2, "Error: '10.0.0.300' is no IP address"),
        ("ipam show --ip 10.0.0.3", 3, "10.0.0.3 is not assigned"),
        ("ipam release", 2, "Error: expected either --ip or --from-report"),
        ("ipam release --ip 10.0.0.3", 3, "Error: 10.0.0.3 is not assigned"),
        ("ipam configure", 2, "Error: expected a setting"),
        (
            "ipam configure --max-blocks-per-host=-1", 5,
            "Error: IPAMConfiguration(default): spec.maxBlocksPerHost"
        ),
        (
            "policy trace a/b c/d --port 1", 3,
            "Error: no pod, host endpoint or address is called 'a/b'"
        ),
        (
            "policy trace 10.0.0.1 10.0.0.2 --port 1", 3,
            "Error: neither 10.0.0.1 nor 10.0.0.2 is an endpoint"
        ),
        ("policy trace 10.0.0.1 10.0.0.2 --protocol x", 2, "Error: unknown protocol 'x'"),
        ("policy trace 10.0.0.1 10.0.0.2 --port 70000", 2, "Error: The value '70000' is invalid"),
    ])
    func commandLines(_ line: String, _ status: Int32, _ message: String) async throws {
        try await cli.apply(tier("a", order: 1))
        let result = await cli.run(line)
        #expect(result.status == status)
        #expect(result.output == "")
        #expect(result.errors.hasPrefix(message), "\(result.errors)")
    }

    @Test(arguments: [
        ("", "Error: standard input: no resources in it"),
        ("a: b: c", "Error: standard input: document 1, line 1: "),
        ("kind: Tier", "Error: standard input: document 1, line 1: apiVersion: required"),
        ("{\"kind\": ", "Error: standard input: document 1, line 1: "),
        ("[1]", "Error: standard input: document 1, line 1: "),
        (
            "apiVersion: projectcalico.org/v3\nkind: Foo\nmetadata: {name: x}",
            "Error: standard input: document 1, line 2: kind: \"Foo\": unknown kind"
        ),
        (
            "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: Bad_Name}",
            "Error: standard input: document 1, line 3: Tier(Bad_Name): metadata.name: \"Bad_Name\": "
        ),
    ])
    func documents(_ text: String, _ message: String) async throws {
        let result = await cli.run("apply -f -", input: text)
        #expect(result.status == 5)
        #expect(result.output == "")
        #expect(result.errors.hasPrefix(message), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test func stores() async throws {
        let missing = await cli.run("get gnp --store /nowhere/s.db")
        #expect(missing.status == 6)
        let reason = "/nowhere/s.db: there is no such file"
        #expect(missing.errors == "Error: the store is unavailable: \(reason)\n")
        let etcd = await cli.run("get gnp", environment: ["DATASTORE_TYPE": "etcdv3"])
        #expect(etcd.status == 2)
        #expect(
            etcd.errors == "Error: DATASTORE_TYPE is 'etcdv3'; only 'sqlite' is supported yet\n"
        )
        let foreign = try cli.file("f.db", String(repeating: "no database ", count: 50))
        let damaged = await cli.run("get gnp --store", foreign)
        #expect(damaged.status == 6)
        #expect(damaged.errors.contains("DIR/f.db: it is damaged"))
    }

    @Test func helpAndVersionSucceed() async throws {
        for line in [
            "", "--help", "get --help", "ipam", "ipam show -h", "help policy", "--version",
        ] {
            let result = await cli.run(line)
            #expect(result.status == 0, "\(line)")
            #expect(!result.output.isEmpty && result.errors == "")
        }
        #expect(await cli.run("version --client").output == "Client Version:   0.1.0\n")
        #expect(await cli.run("--help").output.contains("EXIT STATUS"))
    }
}
