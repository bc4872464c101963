package import JSON

/// One call of the plugin as the agent gets it: the environment and the configuration.
package struct CNIRequest: Hashable, Sendable {
    package var invocation: CNIInvocation
    package var configuration: NetworkConfiguration

    /// Refuses a command that the version of the configuration does not have.
    package init(
        _ invocation: CNIInvocation,
        _ configuration: NetworkConfiguration
    ) throws(CNIError) {
        let command = invocation.command
        guard configuration.version >= command.since else {
            throw CNIError(
                .incompatibleVersion,
                "CNI version \(configuration.version.rawValue) has no \(command.rawValue)",
                details: "it came with \(command.since.rawValue)"
            )
        }
        // The specification has CHECK compare with what ADD answered.
        if command == .check, configuration.previousResult == nil {
            throw CNIError(.invalidConfiguration, "CHECK needs prevResult")
        }
        self.invocation = invocation
        self.configuration = configuration
    }

    /// For the agent's socket.
    package var json: JSONValue {
        var json: JSONValue = [
            "command": .string(invocation.command.rawValue),
            "configuration": .object(configuration.raw),
        ]
        if let attachment = invocation.attachment {
            json["containerID"] = .string(attachment.containerID)
            json["interface"] = .string(attachment.interface)
        }
        json["namespace"] = invocation.namespacePath.map { .string($0) }
        if !invocation.arguments.isEmpty {
            let sorted = invocation.arguments.sorted { $0.key < $1.key }
            json["arguments"] = .object(
                JSONObject(sorted.map { (key: $0.key, value: .string($0.value)) })
            )
        }
        return json
    }

    /// Checks everything again: the socket's other end may be anybody.
    package init(json: JSONValue) throws(CNIError) {
        guard let command = json["command"]?.string.flatMap(CNICommand.init(rawValue:)) else {
            throw CNIError(.decoding, "invalid request: command")
        }
        var invocation = CNIInvocation(command: command)
        if let id = json["containerID"]?.string, let interface = json["interface"]?.string {
            invocation.attachment = try CNIAttachment(containerID: id, interface: interface)
        }
        invocation.namespacePath = json["namespace"]?.string
        for (key, value) in json["arguments"]?.object?.members ?? [] {
            invocation.arguments[key] = value.string
        }
        guard let configuration = json["configuration"] else {
            throw CNIError(.decoding, "invalid request: configuration")
        }
        try invocation.checkCompleteness()
        try self.init(invocation, NetworkConfiguration(json: configuration))
    }
}

extension CNIInvocation {
    /// Throws when a part that the command needs is missing.
    fileprivate func checkCompleteness() throws(CNIError) {
        switch command {
        case .add, .check:
            guard attachment != nil, namespacePath != nil else {
                throw CNIError(.invalidEnvironment, "invalid request: attachment or namespace")
            }
        case .delete:
            guard attachment != nil else {
                throw CNIError(.invalidEnvironment, "invalid request: attachment")
            }
        case .status, .collectGarbage, .version: break
        }
    }
}

/// The answer to VERSION.
package func versionResult(for version: CNIVersion) -> JSONValue {
    [
        "cniVersion": .string(version.rawValue),
        "supportedVersions": .array(CNIVersion.allCases.map { .string($0.rawValue) }),
    ]
}
