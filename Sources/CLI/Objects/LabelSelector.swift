internal import Selector

/// What `-l` takes: Kubernetes' label selectors or Calico's expressions.
///
/// `app=web,tier in (a, b),!old` is of the one kind, `app == 'web' && has(tier)` of the other; no
/// text is both.
struct LabelSelector: Sendable {
    private let requirements: [@Sendable ([String: String]) -> Bool]

    func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0(labels) } }

    init(_ text: String) throws(CommandFailure) {
        do throws(SelectorError) {
            let selector = try Selector(parsing: text)
            requirements = [{ selector.matches($0) }]
        } catch {
            guard let requirements = Self.requirements(text) else {
                throw CommandFailure(
                    "Error: '\(text)' is neither a label selector nor an expression: \(error)",
                    .usage
                )
            }
            self.requirements = requirements
        }
    }

    // MARK: Kubernetes

    private static func requirements(
        _ text: String
    ) -> [@Sendable ([String: String]) -> Bool]? {
        var result: [@Sendable ([String: String]) -> Bool] = []
        for part in split(text) {
            guard let requirement = requirement(part) else { return nil }
            result.append(requirement)
        }
        return result
    }

    /// Parts at the commas that are not inside parentheses.
    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts
    }

    private static func requirement(
        _ part: String
    ) -> (@Sendable ([String: String]) -> Bool)? {
        let set = /\s*(?<key>[-\w.\/]+)\s+(?<not>not)?in\s*\((?<values>[^()]*)\)\s*/
        let comparison = /\s*(?<key>[-\w.\/]+)\s*(?<operator>=|==|!=)\s*(?<value>[-\w.]*)\s*/
        let presence = /\s*(?<not>!?)\s*(?<key>[-\w.\/]+)\s*/
        if let match = part.wholeMatch(of: set) {
            let (key, isNegated) = (String(match.key), match.not != nil)
            let values = Set(
                match.values.split(separator: ",").map { value in
                    String(value.drop { $0 == " " }.prefix { $0 != " " })
                }
            )
            return { labels in
                labels[key].map { values.contains($0) != isNegated } ?? isNegated
            }
        }
        if let match = part.wholeMatch(of: comparison) {
            let (key, value) = (String(match.key), String(match.value))
            let isNegated = match.operator == "!="
            return { labels in (labels[key] == value) != isNegated }
        }
        if let match = part.wholeMatch(of: presence) {
            let (key, isNegated) = (String(match.key), !match.not.isEmpty)
            return { labels in (labels[key] != nil) != isNegated }
        }
        return nil
    }
}
