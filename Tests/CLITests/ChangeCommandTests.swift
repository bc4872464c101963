import CLI
import Testing

/// `patch` and `label`.
struct ChangeCommandTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    @Test func patches() async throws {
        try await cli.apply(cluster)
        let rows: [(arguments: String, patch: String, order: String)] = [
            ("-t merge", #"{"spec": {"order": 1}}"#, "1"),
            ("", #"{"spec": {"order": 2, "selector": null}}"#, "2"),
            ("-t strategic", #"{"metadata": {"labels": {"team": null}}}"#, "2"),
            ("-t json", #"[{"op": "replace", "path": "/spec/order", "value": 3}]"#, "3"),
            (
                "-t json",
                #"[{"op": "test", "path": "/spec/order", "value": 3},"#
                    + #"{"op": "remove", "path": "/spec/order"}]"#, "<none>"
            ),
        ]
        for row in rows {
            let result = await cli.run("patch np allow-client \(row.arguments) -p", row.patch)
            #expect(result == .init("Successfully patched 1 'NetworkPolicy' resource(s)\n"))
            let order = await cli.run("get np allow-client -o custom-columns=O:.spec.order").output
            #expect(order == "O\n\(row.order)\n")
        }
    }

    @Test func labels() async throws {
        try await cli.apply(tier("a", order: 1))
        let set = await cli.run("label tier a x=1 y=2")
        #expect(
            set
                == .init(
                    "Successfully set label x on Tier(a)\nSuccessfully set label y on Tier(a)\n"
                )
        )
        let refused = await cli.run("label tier/a x=2")
        #expect(refused.status == 4)
        #expect(refused.errors == "Error: Tier(a): label x is '1' already; see --overwrite\n")
        #expect(await cli.run("label tier/a x=2 --overwrite").status == 0)
        #expect(
            await cli.run("label tier a x --remove")
                == .init("Successfully removed label x from Tier(a)\n")
        )
        #expect(await cli.run("label tier a x --remove").status == 3)
        let shown = await cli.run("get tier a -o custom-columns=L:.metadata.labels").output
        #expect(shown == "L\n{\"y\":\"2\"}\n")
        #expect(await cli.run("label tier a bad~key=1").status == 5)
        #expect(await cli.run("label tier missing x=1").status == 3)
    }
}
