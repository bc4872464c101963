internal import ArgumentParser
internal import Datastore
internal import Resources

/// The command `caracalctl get`.
struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows objects.",
        usage: """
            caracalctl get [options] KIND[,KIND...] [NAME...]
            caracalctl get [options] -f FILE
            """,
        discussion: """
            WorkloadEndpoints are shown for pods too, although only the pods are stored.
            """
    )

    @Argument(help: "Kinds, then names of objects; or KIND/NAME.")
    var target: [String] = []

    @Option(
        name: .shortAndLong,
        help: "ps (a table), wide, yaml, json, name or custom-columns=HEADING:.path,..."
    )
    var output = "ps"

    @Flag(name: [.customShort("A"), .customShort("a"), .long], help: "Objects of all namespaces.")
    var allNamespaces = false

    @Option(
        name: [.customShort("l"), .long],
        help: "Only objects with such labels: app=web,tier in (a,b) or app == 'web' && has(tier)."
    )
    var selector: String?

    @Flag(name: [.customShort("w"), .long], help: "Goes on showing what changes.")
    var watch = false

    @Flag(help: "Leaves out what the store set: uid, resourceVersion, creationTimestamp.")
    var export = false

    @OptionGroup var namespace: NamespaceOption
    @OptionGroup var store: StoreOption
    @OptionGroup var files: FileOption

    func run() async throws {
        let format = try OutputFormat(output)
        let query = try query()
        try format.check(query.wanted.map(\.kind))
        let store = try store.open()
        guard !watch else {
            try await Watching(store: store, query: query, format: format).run(on: .current)
            return
        }
        let picture = try await query.picture(of: store)
        Console.current.write(format.text(picture.listings))
        guard picture.missing.isEmpty else {
            let lines = picture.missing.map { "Error: \(DatastoreError.notFound($0))" }
            throw CommandFailure(lines, .notFound)
        }
    }

    private func query() throws -> Query {
        guard target.isEmpty != files.isEmpty else {
            throw CommandFailure("Error: expected either a KIND or -f", .usage)
        }
        let selector = try selector.map { text in try LabelSelector(text) }
        let wanted: [Query.Wanted]
        if files.isEmpty {
            wanted = try Target.parse(target).map { target in
                .init(target.kind, keys: target.names.map { namespace.key(target.kind, $0) })
            }
        } else {
            var tally = Tally(.validate)
            let objects = try files.objects(
                namespace: namespace.name,
                &tally,
                check: .identity
            )
            try tally.finish(on: .current)
            wanted = objects.compactMap { object in
                ResourceKind(object.resource.type).map { .init($0, keys: [object.resource.key]) }
            }
        }
        return Query(
            wanted: wanted,
            namespace: allNamespaces ? nil : namespace.name,
            selector: selector,
            isExport: export
        )
    }
}
