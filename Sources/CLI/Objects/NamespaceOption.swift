internal import ArgumentParser
internal import Resources

/// The namespace of namespaced kinds.
struct NamespaceOption: ParsableArguments {
    @Option(name: .shortAndLong, help: "The namespace; 'default' if none is given.")
    var namespace: String?

    var name: String { namespace ?? "default" }

    func key(_ kind: ResourceKind, _ name: String) -> ResourceKey {
        ResourceKey(kind.type, namespace: kind.isNamespaced ? self.name : nil, name: name)
    }

    /// The namespace of kinds that have one.
    func of(_ kind: ResourceKind) -> String? { kind.isNamespaced ? name : nil }
}
