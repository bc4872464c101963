package import JSON

/// Why a document, or an object in it, was refused, and where to look.
package struct LoadError: Error, Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// From 1, counting the parts of the text between `---`.
    package let document: Int
    /// From 1; `nil` when it is not known.
    package let line: Int?
    /// `GlobalNetworkPolicy(name)`, when so much could be read.
    package let object: String?
    /// `spec.ingress[0].source.nets[1]`; empty for the document itself.
    package let path: String
    package let value: JSONValue?
    /// What was expected, or what is wrong.
    package let reason: String

    package var description: String {
        let place = "\(file): document \(document)" + (line.map { ", line \($0)" } ?? "")
        let fault = FieldError(path: path, value: value, reason: reason).description
        return [place, object, fault].compactMap(\.self).joined(separator: ": ")
    }
}

/// Where an object was read from.
package struct Origin: Sendable {
    package let file: String
    package let document: Int
    /// Lines by path inside the document; shared by all objects of a list.
    let lines: [String: Int]
    /// The object's own path inside the document: `items[3]`.
    let path: String

    /// The line of a field, or of the nearest thing around it that is there.
    package func line(of field: String) -> Int? {
        var path = Self.dotted(path.isEmpty || field.isEmpty ? path + field : "\(path).\(field)")
        while true {
            if let line = lines[path] { return line }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" })
            else { return lines[""] }
            path = String(path[..<end])
        }
    }

    /// Keys of maps stand in brackets in the paths of errors, `labels[app]`; here they are fields.
    private static func dotted(_ path: String) -> String {
        guard path.contains("[") else { return path }
        var result = ""
        for part in path.split(separator: "[", omittingEmptySubsequences: false) {
            guard let end = part.firstIndex(of: "]"), decimal(part[..<end]) == nil else {
                result += result.isEmpty ? part : "[\(part)"
                continue
            }
            result += ".\(part[..<end])\(part[part.index(after: end)...])"
        }
        return result
    }

    /// The error of a field, with its place.
    package func error(_ fault: FieldError, in resource: Resource?) -> LoadError {
        LoadError(
            file: file,
            document: document,
            line: line(of: fault.path),
            object: resource.flatMap { $0.name.isEmpty ? nil : $0.key.description },
            path: Self.full(path, fault.path),
            value: fault.value,
            reason: fault.reason
        )
    }

    private static func full(_ path: String, _ field: String) -> String {
        path.isEmpty || field.isEmpty ? path + field : "\(path).\(field)"
    }
}
