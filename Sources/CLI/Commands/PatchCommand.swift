internal import ArgumentParser
internal import Datastore
internal import JSON
internal import Resources

/// How a patch says what to change.
enum PatchType: String, ExpressibleByArgument, CaseIterable {
    /// As `merge`: none of our kinds has lists that Kubernetes would merge by key.
    case strategic
    case json
    case merge
}

/// The command `caracalctl patch`.
struct Patch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Changes parts of one object.",
        usage: "caracalctl patch [options] KIND NAME -p PATCH [-t strategic|json|merge]"
    )

    @Argument(help: "A kind and a name, or KIND/NAME.")
    var target: [String]

    @Option(
        name: .shortAndLong,
        help: "The patch in JSON: a document (merge) or a list of operations (json)."
    )
    var patch: String

    @Option(name: .shortAndLong, help: "Merge patch (RFC 7386) or JSON patch (RFC 6902).")
    var type = PatchType.strategic

    @OptionGroup var options: WriteOptions

    func run() async throws {
        let targets = try Target.parse(target)
        guard targets.count == 1, targets[0].names.count == 1 else {
            throw CommandFailure("Error: expected one kind and one name", .usage)
        }
        let key = options.namespace.key(targets[0].kind, targets[0].names[0])
        let change = try change()
        var tally = Tally(.patch, isDryRun: options.dryRun)
        do {
            let store = try await options.store.openToWrite(isDryRun: options.dryRun)
            _ = try await ObjectWriter(store: store).edit(key) { current in
                try Self.patched(current, change)
            }
            tally.handle(key.type.kind)
        } catch {
            tally.fail(error, key)
        }
        try tally.finish(on: .current)
    }

    private func change() throws -> (JSONValue) throws -> JSONValue {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: patch)
        } catch {
            throw CommandFailure("Error: the patch is no JSON: \(error)", .usage)
        }
        switch type {
        case .merge, .strategic:
            guard document.object != nil else {
                throw CommandFailure(
                    "Error: the patch is \(document.typeName), expected an object",
                    .usage
                )
            }
            return { $0.merged(with: document) }
        case .json:
            do throws(PatchError) {
                let patch = try JSONPatch(document)
                return { try $0.patched(patch) }
            } catch {
                throw CommandFailure("Error: the patch: \(error.reason)", .usage)
            }
        }
    }

    /// The object under the patch, checked as a new one would be.
    static func patched(
        _ current: Resource,
        _ change: (JSONValue) throws -> JSONValue
    ) throws -> Resource {
        let result = Resource(try change(current.value))
        guard result.key == current.key else {
            throw Refusal("a patch cannot make it another object, \(result.key)")
        }
        let errors = Resources.validate(result)
        guard errors.isEmpty else { throw Refusal(errors) }
        return result
    }
}
