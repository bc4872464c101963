import CNI
import JSON
import Resources
import Selector

/// What reads bytes that anybody may have written.
///
/// Whatever they are, it answers or refuses: no trap, no endless work; and what it accepts says the same
/// when it is written and read again.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// JSON documents.
    case json
    /// Resources, as `caracalctl apply` and the agent read them, and their conversion.
    case yaml
    /// Label selectors.
    case selector
    /// What a container runtime gives the CNI plugin.
    case cni
    /// What a BGP peer sends.
    case bgp

    package func run(_ bytes: [UInt8]) {
        switch self {
        case .json: Self.json(bytes)
        case .yaml: Self.yaml(bytes)
        case .selector: Self.selector(bytes)
        case .cni: Self.cni(bytes)
        case .bgp: fuzzBGPMessage(bytes)
        }
    }

    private static func json(_ bytes: [UInt8]) {
        _ = try? LocatedJSON.documents(parsing: bytes)
        guard let value = try? JSONValue(parsing: bytes) else { return }
        for indentation in [nil, 2] {
            let printed = value.bytes(indentation: indentation)
            let again = try? JSONValue(parsing: printed)
            precondition(again == value, "JSON printed otherwise than it was read")
        }
    }

    private static func yaml(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = loadResources(text, file: "in", check: .identity)
        for loaded in loadResources(text, file: "in").resources {
            let resource = loaded.resource
            precondition(validate(resource).isEmpty, "loading changed what was valid")
            _ = try? conversion(of: resource)
            let again = loadResources(resource.value.yaml, file: "in")
            precondition(again.errors.isEmpty, "YAML printed that cannot be read")
            precondition(
                again.resources.map(\.resource) == [resource],
                "YAML printed otherwise than it was read"
            )
        }
    }

    private static func selector(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        // Longer ones no resource may have; the canonical text of one that nests as deeply as can be is
        // too deep for the parser.
        guard text.utf8.count <= 1024, let selector = try? Selector(parsing: text) else { return }
        let again = try? Selector(parsing: selector.canonical)
        precondition(again != nil, "a canonical selector cannot be read")
        for labels in [[:], ["a": "b"], ["a": "", "b": "a"]] as [[String: String]] {
            precondition(
                again?.matches(labels) == selector.matches(labels),
                "a canonical selector matches otherwise"
            )
        }
        _ = selector.restrictions
        _ = selector.prefixingKeys("pcns.").canonical
    }

    /// Variables of the environment, NAME=value and a zero byte each; the rest is standard input.
    private static func cni(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var environment: [String: String] = [:]
        while environment.count < 8, let end = rest.firstIndex(of: 0) {
            let parts = String(decoding: rest[..<end], as: UTF8.self)
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { environment[String(parts[0])] = String(parts[1]) }
            rest = rest[(end + 1)...]
        }
        _ = try? CNIRequest(json: JSONValue(parsing: Array(rest)))
        guard let invocation = try? CNIInvocation(environment: { environment[$0] }),
            let document = try? NetworkConfiguration.document(Array(rest)),
            (try? NetworkConfiguration.version(document)) != nil,
            let configuration = try? NetworkConfiguration(json: document),
            let request = try? CNIRequest(invocation, configuration)
        else { return }
        _ = invocation.pod
        let again = try? CNIRequest(json: request.json)
        precondition(again == request, "a request reads otherwise at the agent's end")
    }
}
