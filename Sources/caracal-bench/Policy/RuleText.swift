import JSON
import Model

/// One rule of a policy under measurement, in words that Calico's YAML and its peers' rule sets share.
struct RuleText {
    enum Remote {
        /// What has these labels.
        case selector(String)
        case net(String)
    }

    var isAllowed: Bool
    var `protocol`: String?
    var remote: Remote
    /// `80` or `9100:9110`, of the destination.
    var ports: [String]

    static func allow(_ protocol: String?, _ remote: Remote, _ ports: String...) -> RuleText {
        RuleText(isAllowed: true, protocol: `protocol`, remote: remote, ports: ports)
    }

    static func deny(_ protocol: String?, _ remote: Remote, _ ports: String...) -> RuleText {
        RuleText(isAllowed: false, protocol: `protocol`, remote: remote, ports: ports)
    }

    /// As a rule of `projectcalico.org/v3`.
    func json(_ direction: Direction) -> JSONValue {
        var far = JSONObject()
        switch remote {
        case .selector(let selector): far["selector"] = .string(selector)
        case .net(let net): far["nets"] = [.string(net)]
        }
        var destination = direction == .egress ? far : JSONObject()
        if !ports.isEmpty {
            destination["ports"] = .array(
                ports.map { port in Int64(port).map { .int($0) } ?? .string(port) }
            )
        }
        var rule = JSONObject([("action", isAllowed ? "Allow" : "Deny")])
        rule["protocol"] = `protocol`.map { .string($0) }
        if direction == .ingress { rule["source"] = .object(far) }
        if !destination.isEmpty { rule["destination"] = .object(destination) }
        return .object(rule)
    }
}
