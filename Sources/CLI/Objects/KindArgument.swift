internal import Resources

/// What stands after the verb: kinds, and names of objects.
struct Target: Hashable, Sendable {
    let kind: ResourceKind
    /// Empty for all objects.
    var names: [String]
}

extension Target {
    /// Reads `KIND[,KIND…] [NAME…]` or `KIND/NAME…`.
    static func parse(_ arguments: [String]) throws(CommandFailure) -> [Target] {
        guard let first = arguments.first else {
            throw CommandFailure("Error: expected a kind, such as 'networkpolicy'", .usage)
        }
        if first.contains("/") {
            return try arguments.map { argument throws(CommandFailure) in
                let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[1].isEmpty else {
                    throw CommandFailure("Error: expected KIND/NAME, not '\(argument)'", .usage)
                }
                return Target(kind: try kind(String(parts[0])), names: [String(parts[1])])
            }
        }
        let kinds = try first.split(separator: ",").map { name throws(CommandFailure) in
            try kind(String(name))
        }
        let names = Array(arguments.dropFirst())
        guard kinds.count == 1 || names.isEmpty else {
            throw CommandFailure("Error: names can be given for one kind only", .usage)
        }
        return kinds.map { Target(kind: $0, names: names) }
    }

    static func kind(_ name: String) throws(CommandFailure) -> ResourceKind {
        guard let kind = ResourceKind(named: name) else {
            throw CommandFailure("Error: unknown kind '\(name)'", .usage)
        }
        return kind
    }
}
