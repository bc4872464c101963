internal import ArgumentParser
internal import Foundation
internal import JSON
internal import Resources

/// The files that a command reads objects from.
struct FileOption: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp(
            "A YAML or JSON file, a folder of them, or - for standard input; may be repeated.",
            valueName: "file"
        )
    )
    var files: [String] = []

    @Flag(name: [.customShort("R"), .long], help: "Also the folders inside a folder.")
    var recursive = false

    @Flag(help: "Passes over files without objects.")
    var skipEmpty = false

    init() {}

    init(_ files: [String]) {
        self.files = files
    }

    var isEmpty: Bool { files.isEmpty }

    /// The objects in the order of the files; what cannot be read or is refused goes into the
    /// tally, a line for each object.
    func objects(
        namespace: String,
        _ tally: inout Tally,
        check: LoadCheck = .complete
    ) throws(CommandFailure) -> [LoadedResource] {
        guard !files.isEmpty else {
            throw CommandFailure("Error: expected -f with a file, a folder or -", .usage)
        }
        var objects: [LoadedResource] = []
        for file in files {
            let shown = file == "-" ? Self.inputName : file
            let texts: [(name: String, text: String)]
            do throws(Refusal) {
                texts = try read(file)
            } catch {
                tally.fail("\(shown): \(error.reason)", error.status)
                continue
            }
            var isEmpty = true
            for (name, text) in texts {
                let loaded = loadResources(text, file: name, namespace: namespace, check: check)
                for line in Self.lines(loaded.errors) { tally.fail(line, .invalid) }
                objects += loaded.resources
                isEmpty = isEmpty && loaded.resources.isEmpty && loaded.errors.isEmpty
            }
            if isEmpty, !skipEmpty { tally.fail("\(shown): no resources in it", .invalid) }
        }
        return objects
    }

    // MARK: Files

    private static let inputName = "standard input"

    private func read(_ file: String) throws(Refusal) -> [(name: String, text: String)] {
        if file == "-" {
            return [(Self.inputName, try Self.text(Data(Console.current.input())))]
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
            throw Refusal("no such file or folder", .notFound)
        }
        let paths = isFolder.boolValue ? contents(of: file) : [file]
        return try paths.map { path throws(Refusal) in
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Refusal("it cannot be read", .failure)
            }
            return (path, try Self.text(data))
        }
    }

    /// YAML and JSON files of a folder, by name.
    private func contents(of folder: String) -> [String] {
        let manager = FileManager.default
        let names =
            recursive
            ? manager.enumerator(atPath: folder)?.compactMap { $0 as? String }
            : try? manager.contentsOfDirectory(atPath: folder)
        return (names ?? []).filter { name in
            [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
        }.sorted().map { folder.hasSuffix("/") ? folder + $0 : "\(folder)/\($0)" }
    }

    private static func text(_ data: Data) throws(Refusal) -> String {
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Refusal("it is not UTF-8 text")
        }
        return text
    }

    /// All that is wrong with an object in one line.
    private static func lines(_ errors: [LoadError]) -> [String] {
        var lines: [String] = []
        var last: LoadError?
        for error in errors {
            let isSame =
                error.object != nil && error.object == last?.object
                && error.document == last?.document
            if isSame {
                let fault = FieldError(path: error.path, value: error.value, reason: error.reason)
                let place = error.line.map { "line \($0): " } ?? ""
                lines[lines.count - 1] += "; \(place)\(fault)"
            } else {
                lines.append(error.description)
            }
            last = error
        }
        return lines
    }
}

extension Origin {
    /// As ``LoadError`` begins.
    var place: String {
        "\(file): document \(document)" + (line(of: "").map { ", line \($0)" } ?? "")
    }
}
