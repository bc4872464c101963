import CLI
import Foundation
import Testing

struct WriteCommandTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    @Test func successLinesAreCalicoctls() async throws {
        let two = tier("a", order: 1) + "\n---\n" + tier("b", order: 2)
        let created = await cli.run("create -f -", input: two)
        #expect(created == .init("Successfully created 2 'Tier' resource(s)\n"))
        let applied = await cli.run("apply -f -", input: cluster)
        #expect(applied == .init("Successfully applied 7 resource(s)\n"))
        let again = await cli.run("apply -f -", input: tier("a", order: 9))
        #expect(again == .init("Successfully applied 1 'Tier' resource(s)\n"))
        let replaced = await cli.run("replace -f -", input: tier("a", order: 7))
        #expect(replaced == .init("Successfully replaced 1 'Tier' resource(s)\n"))
        let deleted = await cli.run("delete tier a b")
        #expect(deleted == .init("Successfully deleted 2 'Tier' resource(s)\n"))
        let checked = await cli.run("validate -f -", input: cluster)
        #expect(checked == .init("Successfully validated 7 resource(s)\n"))
    }

    @Test func createRefusesWhatExists() async throws {
        try await cli.apply(tier("a", order: 1))
        let two = tier("b", order: 2) + "\n---\n" + tier("a", order: 2)
        let result = await cli.run("create -f -", input: two)
        #expect(result.status == 4)
        #expect(result.output == "Successfully created 1 'Tier' resource(s)\n")
        let line = "Error: standard input: document 2, line 6: Tier(a) already exists\n"
        #expect(result.errors == line)
        let skipped = await cli.run("create --skip-exists -f -", input: tier("a", order: 3))
        #expect(skipped == .init(""))
        #expect(await cli.run("get tier a -o custom-columns=O:.spec.order").output == "O\n1\n")
    }

    @Test func oneInvalidObjectStopsAll() async throws {
        let text =
            tier("good", order: 1) + "\n---\n" + """
                apiVersion: projectcalico.org/v3
                kind: GlobalNetworkPolicy
                metadata:
                  name: bad
                spec:
                  order: first
                  selector: "a == "
                """
        let result = await cli.run("apply -f", try cli.file("p.yaml", text))
        #expect(result.status == 5)
        #expect(result.output == "")
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 1)
        #expect(
            result.errors.hasPrefix(
                "Error: DIR/p.yaml: document 2, line 11: GlobalNetworkPolicy(bad): spec.order: "
            ),
            "\(result.errors)"
        )
        #expect(result.errors.contains("spec.selector"))
        #expect(await cli.run("get tier good").status == 6)
    }

    @Test func foldersAndJSONAndLists() async throws {
        _ = try cli.file("d/b.yaml", tier("b", order: 1))
        _ = try cli.file("d/a.yml", tier("a", order: 1))
        _ = try cli.file("d/notes.txt", "no resource")
        let json = """
            {"apiVersion": "projectcalico.org/v3", "kind": "TierList", "items": [
              {"metadata": {"name": "c"}, "spec": {"order": 3}},
              {"metadata": {"name": "d"}, "spec": {"order": 4}}]}
            """
        _ = try cli.file("d/deep/c.json", json)
        let flat = await cli.run("apply -f", cli.path("d"))
        #expect(flat == .init("Successfully applied 2 'Tier' resource(s)\n"))
        let deep = await cli.run("apply -R -f", cli.path("d"))
        #expect(deep == .init("Successfully applied 4 'Tier' resource(s)\n"))
        let names = "tier.projectcalico.org/a\ntier.projectcalico.org/b\n"
        #expect(await cli.run("get tier -o name a b").output == names)
        let deleted = await cli.run("delete -R -f", cli.path("d"))
        #expect(deleted.output == "Successfully deleted 4 'Tier' resource(s)\n")
    }

    @Test func dryRunWritesNothing() async throws {
        let empty = await cli.run("apply --dry-run -f -", input: tier("a", order: 1))
        #expect(empty == .init("Successfully applied 1 'Tier' resource(s) (dry run)\n"))
        #expect(!FileManager.default.fileExists(atPath: cli.storePath))
        try await cli.apply(tier("a", order: 1))
        #expect(await cli.run("delete --dry-run tier a").status == 0)
        #expect(await cli.run("delete --dry-run tier b").status == 3)
        #expect(await cli.run("create --dry-run -f -", input: tier("a", order: 1)).status == 4)
        #expect(await cli.run("label --dry-run tier a x=y").status == 0)
        #expect(
            await cli.run("get tier a -o custom-columns=L:.metadata.labels").output == "L\n<none>\n"
        )
    }

    @Test func resourceVersionIsCompared() async throws {
        try await cli.apply(tier("a", order: 1))
        let old = await cli.run("get tier a -o yaml").output
        try await cli.apply(tier("a", order: 2))
        let edited = old.replacing("order: 1", with: "order: 3")
        for command in ["apply -f -", "replace -f -"] {
            let result = await cli.run(command, input: edited)
            #expect(result.status == 4)
            #expect(result.errors.contains("Tier(a) was changed meanwhile: revision 2"))
        }
        let fresh = await cli.run("get tier a -o yaml").output
        try await cli.apply(fresh.replacing("order: 2", with: "order: 3"))
        #expect(await cli.run("get tier a -o custom-columns=O:.spec.order").output == "O\n3\n")
    }

    @Test func unknownFieldsAndStatusAreKept() async throws {
        try await cli.apply(
            """
            apiVersion: projectcalico.org/v3
            kind: IPPool
            metadata: {name: p, annotations: {note: mine}}
            spec: {cidr: 10.1.0.0/24, futureField: {deep: [1, two]}}
            status: {conditions: [{type: Allocatable, status: 'True'}]}
            """
        )
        try await cli.apply(
            """
            apiVersion: projectcalico.org/v3
            kind: IPPool
            metadata: {name: p}
            spec: {cidr: 10.1.0.0/24, disabled: true, futureField: {deep: [1, two]}}
            """
        )
        let shown = await cli.run(
            "get pool p -o custom-columns=F:.spec.futureField.deep[*],S:.status.conditions[0].type"
        )
        #expect(shown.output == "F       S\n1,two   Allocatable\n")
    }

    @Test func poolsKeepTheirBlocks() async throws {
        try await cli.apply(cluster)
        let result = await cli.run("patch pool pool -p", #"{"spec": {"cidr": "10.66.0.0/16"}}"#)
        #expect(result.status == 5)
        let reason = #"IPPool(pool): spec.cidr: "10.66.0.0/16": it cannot be changed; "#
        #expect(result.errors == "Error: \(reason)it is \"10.65.0.0/16\"\n")
    }

    @Test func tiersInUseStay() async throws {
        try await cli.apply(cluster)
        let used = await cli.run("delete tier platform")
        #expect(used.status == 4)
        let reason = "policies are in the tier: GlobalNetworkPolicy(platform.log)"
        #expect(used.errors == "Error: Tier(platform): \(reason)\n")
        try await cli.apply(tier("default", order: 1_000_000))
        #expect(await cli.run("delete tier default").status == 4)
        #expect(await cli.run("delete gnp platform.log").status == 0)
        #expect(await cli.run("delete tier platform").status == 0)
    }

    @Test func deleteMayPassOverWhatIsNotThere() async throws {
        try await cli.apply(tier("a", order: 1))
        let result = await cli.run("delete tier a missing")
        #expect(result.status == 3)
        #expect(result.output == "Successfully deleted 1 'Tier' resource(s)\n")
        #expect(result.errors == "Error: Tier(missing) does not exist\n")
        #expect(await cli.run("delete -s tier missing") == .init(""))
        #expect(await cli.run("delete --ignore-not-found tier/missing") == .init(""))
    }
}

extension CommandLineFixture.Result {
    /// Success with these words.
    init(_ output: String) {
        self.init(status: 0, output: output, errors: "")
    }
}
