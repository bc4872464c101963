import BGPMessage
import Model

/// What a policy is asked about.
struct PolicySubject {
    let prefix: Prefix
    let isLocal: Bool
    let interface: String?
    let peerType: Policy.PeerType
}

/// What a policy says of one route.
struct PolicyVerdict {
    var isAccepted: Bool
    /// The rules that changed something, as a number that is the same for the same rules only;
    /// `nil` if there were too many.
    ///
    /// 0 if there were none.
    var changes: UInt64?
    var operations: [Policy.Operation]
}

extension Policy {
    /// All pass as they are.
    var isTransparent: Bool { rules.isEmpty && otherwise == .accept }

    /// Some rule asks for attributes, which must then be at hand.
    var asksForAttributes: Bool {
        rules.contains { $0.conditions.contains(where: \.asksForAttributes) }
    }

    /// Walks the rules.
    ///
    /// Conditions see the route as it came: what an earlier rule changed shows only in the result.
    func verdict(
        on subject: PolicySubject,
        _ attributes: @autoclosure () -> PathAttributes
    ) -> PolicyVerdict {
        var verdict = PolicyVerdict(isAccepted: otherwise == .accept, changes: 0, operations: [])
        for (index, rule) in rules.enumerated() {
            guard rule.conditions.allSatisfy({ $0.holds(for: subject, attributes) }) else {
                continue
            }
            if !rule.operations.isEmpty {
                verdict.operations += rule.operations
                verdict.changes = verdict.changes.flatMap { changes in
                    let (shifted, overflow) = changes.multipliedReportingOverflow(
                        by: UInt64(rules.count + 1)
                    )
                    return overflow ? nil : shifted + UInt64(index + 1)
                }
            }
            if let action = rule.action {
                verdict.isAccepted = action == .accept
                break
            }
        }
        return verdict
    }
}

extension Policy.Condition {
    fileprivate var asksForAttributes: Bool {
        switch self {
        case .community, .asPathPrefix, .priority, .localPreference: true
        case .prefix, .anyPrefix, .source, .interface, .peerType: false
        case .not(let inner): inner.asksForAttributes
        }
    }

    fileprivate func holds(
        for subject: PolicySubject,
        _ attributes: () -> PathAttributes
    ) -> Bool {
        switch self {
        case .prefix(let match): match.matches(subject.prefix)
        case .anyPrefix(let matches): matches.contains { $0.matches(subject.prefix) }
        case .source(let source): (source == .local) == subject.isLocal
        case .interface(let glob): subject.interface.map { matches(glob: glob, $0) } ?? false
        case .community(.standard(let community)):
            attributes().communities.contains(community)
        case .community(.large(let community)):
            attributes().largeCommunities.contains(community)
        case .asPathPrefix(let numbers): attributes().asPath.starts(with: numbers)
        case .priority(let range): attributes().priority.map(range.contains) ?? false
        case .localPreference(let range): attributes().localPreference.map(range.contains) ?? false
        case .peerType(let type): type == subject.peerType
        case .not(let inner): !inner.holds(for: subject, attributes)
        }
    }
}

/// `*` stands for any text, all else for itself.
private func matches(glob: String, _ text: String) -> Bool {
    let parts = glob.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count > 1, let first = parts.first, let last = parts.last else {
        return glob == text
    }
    guard text.utf8.count >= first.utf8.count + last.utf8.count, text.hasPrefix(first),
        text.hasSuffix(last)
    else { return false }
    var rest = Array(text.utf8).dropFirst(first.utf8.count).dropLast(last.utf8.count)
    for part in parts.dropFirst().dropLast() {
        let wanted = Array(part.utf8)
        while !rest.starts(with: wanted) {
            guard !rest.isEmpty else { return false }
            rest = rest.dropFirst()
        }
        rest = rest.dropFirst(wanted.count)
    }
    return true
}

extension PathAttributes {
    /// Changes what the operation says; preference is not an attribute and left to the caller.
    mutating func apply(_ operation: Policy.Operation) {
        switch operation {
        case .addCommunity(.standard(let community)): add(community)
        case .addCommunity(.large(let community)): add(community)
        case .prependASPath(let numbers): asPath = asPath.prepending(numbers)
        case .setPriority(let priority): self.priority = priority
        case .setLocalPreference(let value): localPreference = value
        case .setMultiExitDiscriminator(let value): multiExitDiscriminator = value
        case .setPreference: break
        }
    }
}
