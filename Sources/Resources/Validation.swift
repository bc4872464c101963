import JSON

/// What is wrong with an object that is to be created; empty when nothing is.
///
/// The object may lack its defaults. Fields we do not know are not looked at.
package func validate(_ resource: Resource) -> [FieldError] {
    guard let kind = ResourceKind(resource.type) else {
        return [FieldError(path: "kind", value: .string(resource.kind), reason: "unknown kind")]
    }
    var findings = Findings()
    kind.schema.check(resource.value, at: .root, &findings)
    checkMetadata(resource, kind, &findings)
    kind.rules(resource, &findings)
    return findings.errors
}

/// Kubernetes' limit for all annotations of an object together.
private let maximumAnnotationBytes = 256 * 1024

private func checkMetadata(
    _ resource: Resource,
    _ kind: ResourceKind,
    _ findings: inout Findings
) {
    if !kind.isNamespaced, let namespace = resource.namespace, !namespace.isEmpty {
        findings.refuse(
            "metadata.namespace",
            .string(namespace),
            "a \(resource.kind) is in no namespace"
        )
    }
    if let name = kind.onlyName, resource.name != name {
        findings.refuse("metadata.name", .string(resource.name), "expected \(name), the only one")
    }
    let size = resource.annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    if size > maximumAnnotationBytes {
        findings.refuse(
            "metadata.annotations",
            nil,
            "more than \(maximumAnnotationBytes) bytes together"
        )
    }
}
