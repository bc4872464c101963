import JSON

/// An object that was read from a text, and where it stands there.
package struct LoadedResource: Sendable {
    package let resource: Resource
    package let origin: Origin
}

/// The objects of a text, and what was refused.
package struct LoadedResources: Sendable {
    package fileprivate(set) var resources: [LoadedResource] = []
    package fileprivate(set) var errors: [LoadError] = []

    package init() {}
}

/// How much an object must be checked.
package enum LoadCheck: Sendable {
    /// It has a known kind and a name: enough to get or delete it.
    case identity
    /// Everything; the object also gets its defaults.
    case complete
}

/// Reads YAML or JSON: any number of documents, and lists of objects.
///
/// An object that is refused is only in `errors`; the other objects of the text are still returned,
/// up to the first place where the text itself cannot be read.
package func loadResources(
    _ text: String,
    file: String,
    namespace: String = "default",
    check: LoadCheck = .complete
) -> LoadedResources {
    var loader = Loader(file: file, namespace: namespace, check: check)
    loader.load(text)
    return loader.result
}

private struct Loader {
    let file: String
    let namespace: String
    let check: LoadCheck
    var result = LoadedResources()

    init(file: String, namespace: String, check: LoadCheck) {
        self.file = file
        self.namespace = namespace
        self.check = check
    }

    mutating func load(_ text: String) {
        let (documents, errors) = read(text)
        for document in documents where !document.value.isNull {
            let origin = Origin(
                file: file,
                document: document.number,
                lines: document.lines,
                path: ""
            )
            add(document.value, origin, listKind: nil, depth: 0)
        }
        result.errors += errors
    }

    /// JSON is read as such, for its own escapes and tabs; what only looks like it is YAML.
    private func read(_ text: String) -> (documents: [LocatedDocument], errors: [LoadError]) {
        let isJSON = text.utf8.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
        var jsonError: JSONError?
        if isJSON {
            do throws(JSONError) {
                let documents = try LocatedJSON.documents(parsing: Array(text.utf8))
                return (
                    documents.enumerated().map { index, document in
                        LocatedDocument(
                            number: index + 1,
                            value: document.value,
                            lines: document.lines
                        )
                    }, []
                )
            } catch {
                jsonError = error
            }
        }
        let (documents, fault) = YAMLReader.read(text)
        guard let fault else { return (documents, []) }
        if let jsonError {
            return ([], [syntaxError(1, jsonError.line, "", "malformed JSON: \(jsonError.reason)")])
        }
        return (documents, [syntaxError(fault.document, fault.line, fault.path, fault.reason)])
    }

    private func syntaxError(
        _ document: Int,
        _ line: Int?,
        _ path: String,
        _ reason: String
    ) -> LoadError {
        LoadError(
            file: file,
            document: document,
            line: line,
            object: nil,
            path: path,
            value: nil,
            reason: reason
        )
    }

    // MARK: Objects

    /// Lists inside lists are refused beyond this depth.
    private static let maximumListDepth = 4

    private mutating func add(
        _ value: JSONValue,
        _ origin: Origin,
        listKind: ResourceKind?,
        depth: Int
    ) {
        guard value.object != nil else {
            return refuse(origin, "", value, "expected an object, found \(value.typeName)")
        }
        var resource = Resource(value)
        if let listKind {
            // A list of one kind need not repeat it in its items.
            if resource.kind.isEmpty { resource.value["kind"] = .string(listKind.type.kind) }
            if resource.apiVersion.isEmpty {
                resource.value["apiVersion"] = .string(listKind.apiVersion)
            }
        }
        if let list = List(resource) {
            guard depth < Self.maximumListDepth
            else { return refuse(origin, "", nil, "lists nested too deeply") }
            return add(list, value, origin, depth)
        }
        guard let kind = identify(resource, origin) else { return }
        resource.value["apiVersion"] = .string(kind.apiVersion)
        finish(resource, origin)
    }

    private mutating func add(_ list: List, _ value: JSONValue, _ origin: Origin, _ depth: Int) {
        guard let items = value["items"], !items.isNull
        else { return refuse(origin, "items", nil, "required: expected a list") }
        guard let elements = items.array else {
            return refuse(origin, "items", items, "expected a list, found \(items.typeName)")
        }
        for (index, element) in elements.enumerated() {
            let path = joined(origin.path, "items[\(index)]")
            let origin = Origin(
                file: file,
                document: origin.document,
                lines: origin.lines,
                path: path
            )
            add(element, origin, listKind: list.kind, depth: depth + 1)
        }
    }

    private mutating func finish(_ resource: Resource, _ origin: Origin) {
        switch check {
        case .identity:
            guard !resource.name.isEmpty else {
                return refuse(origin, "metadata.name", nil, "required: expected a name")
            }
            var resource = resource
            if ResourceKind(resource.type)?.isNamespaced ?? false, resource.namespace == nil {
                resource.metadata["namespace"] = .string(namespace)
            }
            result.resources.append(LoadedResource(resource: resource, origin: origin))
        case .complete:
            let errors = validate(resource)
            result.errors += errors.map { origin.error($0, in: resource) }
            guard errors.isEmpty else { return }
            let complete = applyDefaults(resource, namespace: namespace)
            result.resources.append(LoadedResource(resource: complete, origin: origin))
        }
    }

    private mutating func refuse(
        _ origin: Origin,
        _ path: String,
        _ value: JSONValue?,
        _ reason: String
    ) {
        let fault = FieldError(path: path, value: value, reason: reason)
        result.errors.append(origin.error(fault, in: nil))
    }

    // MARK: Kinds

    private mutating func identify(_ resource: Resource, _ origin: Origin) -> ResourceKind? {
        for field in ["apiVersion", "kind"] {
            guard let value = resource.value[field], !value.isNull else {
                refuse(origin, field, nil, "required: expected a string")
                return nil
            }
            guard let text = value.string, !text.isEmpty else {
                refuse(origin, field, value, "expected a string, found \(value.typeName)")
                return nil
            }
        }
        if let kind = ResourceKind(resource.type), resource.apiVersion == kind.apiVersion {
            return kind
        }
        if resource.type.group == "crd.projectcalico.org" {
            let reason = "the form in which Calico stores objects; expected projectcalico.org/v3"
            refuse(origin, "apiVersion", .string(resource.apiVersion), reason)
            return nil
        }
        let candidates = ResourceKind.all.filter {
            $0.type.kind.lowercased() == resource.kind.lowercased()
        }
        guard let first = candidates.first else {
            refuse(origin, "kind", .string(resource.kind), "unknown kind")
            return nil
        }
        if candidates.contains(where: { $0.apiVersion == resource.apiVersion }) {
            refuse(origin, "kind", .string(resource.kind), "expected \(first.type.kind)")
        } else {
            let versions = candidates.map(\.apiVersion).joined(separator: " or ")
            refuse(origin, "apiVersion", .string(resource.apiVersion), "expected \(versions)")
        }
        return nil
    }
}

/// `List`, or `…List` of a kind we know.
private struct List {
    /// `nil` for any kinds.
    let kind: ResourceKind?

    init?(_ resource: Resource) {
        guard resource.kind.hasSuffix("List") else { return nil }
        let name = String(resource.kind.dropLast("List".count))
        guard !name.isEmpty else {
            kind = nil
            return
        }
        guard let kind = ResourceKind(ResourceType(group: resource.type.group, kind: name))
        else { return nil }
        self.kind = kind
    }
}
