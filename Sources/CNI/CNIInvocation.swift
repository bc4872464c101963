/// What the runtime asks for.
package enum CNICommand: String, CaseIterable, Sendable {
    case add = "ADD"
    case delete = "DEL"
    case check = "CHECK"
    /// From 1.1.0: could an ADD succeed now?
    case status = "STATUS"
    /// From 1.1.0: all attachments but those listed are gone.
    case collectGarbage = "GC"
    case version = "VERSION"

    /// The first version of the specification that has it.
    package var since: CNIVersion {
        switch self {
        case .add, .delete, .version: .v0_1_0
        case .check: .v0_4_0
        case .status, .collectGarbage: .v1_1_0
        }
    }

    fileprivate var concernsAttachment: Bool {
        switch self {
        case .add, .delete, .check: true
        case .status, .collectGarbage, .version: false
        }
    }
}

/// One interface of one container.
package struct CNIAttachment: Hashable, Sendable {
    package let containerID: String
    package let interface: String

    /// Both are checked as the specification demands, because both end up in names.
    package init(containerID: String, interface: String) throws(CNIError) {
        try Self.check(containerID: containerID)
        try Self.check(interface: interface)
        self.containerID = containerID
        self.interface = interface
    }

    private static func check(containerID: String) throws(CNIError) {
        guard isWord(containerID) else {
            throw CNIError(
                .invalidEnvironment,
                "invalid CNI_CONTAINERID",
                details: "\(containerID) must be letters, digits, '_', '.' or '-', "
                    + "the first a letter or digit"
            )
        }
    }

    /// The kernel's rules for the names of links.
    private static func check(interface: String) throws(CNIError) {
        let isName =
            (1...15).contains(interface.utf8.count) && interface != "." && interface != ".."
            && interface.utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "/") && byte != UInt8(ascii: ":")
            }
        guard isName else {
            throw CNIError(
                .invalidEnvironment,
                "invalid CNI_IFNAME",
                details: "\(interface) must be 1 to 15 bytes without spaces, '/' and ':'"
            )
        }
    }
}

/// Letters, digits, `_`, `.` and `-`, the first a letter or digit: the specification's form of
/// container ids and names of networks.
func isWord(_ text: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
    guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
    return text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
}

/// The environment that the runtime starts the plugin with.
package struct CNIInvocation: Hashable, Sendable {
    package var command: CNICommand
    /// `nil` for commands about the whole network.
    package var attachment: CNIAttachment?
    /// Path of the container's network namespace; may be missing for DEL.
    package var namespacePath: String?
    /// `CNI_ARGS`, in which Kubernetes runtimes name the pod.
    package var arguments: [String: String]

    package init(
        command: CNICommand,
        attachment: CNIAttachment? = nil,
        namespacePath: String? = nil,
        arguments: [String: String] = [:]
    ) {
        self.command = command
        self.attachment = attachment
        self.namespacePath = namespacePath
        self.arguments = arguments
    }

    /// Reads the variables `CNI_…`; an empty one counts as missing.
    package init(environment: (String) -> String?) throws(CNIError) {
        func value(_ name: String) -> String? {
            environment(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let text = value("CNI_COMMAND") else { throw Self.missing(["CNI_COMMAND"]) }
        guard let command = CNICommand(rawValue: text) else {
            throw CNIError(
                .invalidEnvironment,
                "invalid CNI_COMMAND",
                details: "\(text) is none of "
                    + CNICommand.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        self.init(command: command, namespacePath: value("CNI_NETNS"))
        guard command.concernsAttachment else { return }
        var required = ["CNI_CONTAINERID", "CNI_IFNAME"]
        if command != .delete { required.append("CNI_NETNS") }
        let absent = required.filter { value($0) == nil }
        guard absent.isEmpty, let id = value("CNI_CONTAINERID"), let name = value("CNI_IFNAME")
        else { throw Self.missing(absent) }
        attachment = try CNIAttachment(containerID: id, interface: name)
        arguments = try Self.arguments(value("CNI_ARGS") ?? "")
    }

    private static func missing(_ names: [String]) -> CNIError {
        CNIError(
            .invalidEnvironment,
            "missing environment variables",
            details: names.joined(separator: ", ")
        )
    }

    /// `KEY=value` pairs with `;` between them.
    private static func arguments(_ text: String) throws(CNIError) -> [String: String] {
        var arguments: [String: String] = [:]
        for pair in text.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw CNIError(
                    .invalidEnvironment,
                    "invalid CNI_ARGS",
                    details: "\(pair) is no KEY=value"
                )
            }
            arguments[String(parts[0])] = String(parts[1])
        }
        return arguments
    }
}

extension CNIInvocation {
    /// The pod that a Kubernetes runtime means.
    package var pod: (namespace: String, name: String)? {
        guard let namespace = arguments["K8S_POD_NAMESPACE"], !namespace.isEmpty,
            let name = arguments["K8S_POD_NAME"], !name.isEmpty
        else { return nil }
        return (namespace, name)
    }

    package var podUID: String? { arguments["K8S_POD_UID"] }
}
