internal import ArgumentParser
internal import Datastore
internal import Resources

/// What `create`, `apply`, `replace` and `delete` have in common.
struct WriteOptions: ParsableArguments {
    @OptionGroup var store: StoreOption
    @OptionGroup var namespace: NamespaceOption

    @Flag(help: "Checks and reports everything, and writes nothing.")
    var dryRun = false

    /// Does `body` to every object of the files, unless one of them is invalid.
    func forEach(
        in files: FileOption,
        _ verb: Verb,
        _ body: (ObjectWriter, Resource) async throws -> Bool
    ) async throws {
        var tally = Tally(verb, isDryRun: dryRun)
        let objects = try files.objects(namespace: namespace.name, &tally)
        if !tally.hasFailures {
            let writer = ObjectWriter(store: try await store.openToWrite(isDryRun: dryRun))
            for object in objects {
                do {
                    if try await body(writer, object.resource) {
                        tally.handle(object.resource.kind)
                    }
                } catch {
                    tally.fail(error, object.resource.key, object.origin)
                }
            }
        }
        try tally.finish(on: .current)
    }
}

/// The command `caracalctl create`.
struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Creates objects that do not exist yet."
    )

    @OptionGroup var files: FileOption
    @OptionGroup var options: WriteOptions

    @Flag(help: "Passes over objects that exist already.")
    var skipExists = false

    func run() async throws {
        try await options.forEach(in: files, .create) { writer, object in
            do {
                _ = try await writer.create(object)
                return true
            } catch let error as DatastoreError {
                guard case .alreadyExists = error, skipExists else { throw error }
                return false
            }
        }
    }
}

/// The command `caracalctl apply`.
struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Creates objects, or puts them in the place of those there are.",
        discussion: """
            An object with metadata.resourceVersion replaces that revision only. When one object \
            of the files is invalid, none is written.
            """
    )

    @OptionGroup var files: FileOption
    @OptionGroup var options: WriteOptions

    func run() async throws {
        try await options.forEach(in: files, .apply) { writer, object in
            _ = try await writer.apply(object)
            return true
        }
    }
}

/// The command `caracalctl replace`.
struct Replace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Puts objects in the place of those there are; they must exist."
    )

    @OptionGroup var files: FileOption
    @OptionGroup var options: WriteOptions

    func run() async throws {
        try await options.forEach(in: files, .replace) { writer, object in
            _ = try await writer.replace(object)
            return true
        }
    }
}

/// The command `caracalctl validate`.
struct Validate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks objects without writing them; needs no store."
    )

    @OptionGroup var files: FileOption
    @OptionGroup var namespace: NamespaceOption

    func run() async throws {
        var tally = Tally(.validate)
        for object in try files.objects(namespace: namespace.name, &tally) {
            tally.handle(object.resource.kind)
        }
        try tally.finish(on: .current)
    }
}
