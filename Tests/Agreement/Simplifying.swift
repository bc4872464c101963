import Model

// What a failing case can do without: each object with one element or one condition less.

extension Update {
    /// The update with its object a little simpler, in every way there is.
    var simpler: [Update] {
        switch self {
        case .endpoint(let id, let endpoint?): endpoint.simpler.map { .endpoint(id, $0) }
        case .networkSet(let id, let set?): set.simpler.map { .networkSet(id, $0) }
        case .policy(let id, let policy?): policy.simpler.map { .policy(id, $0) }
        case .tier(let name, let tier?): tier.simpler.map { .tier(name, $0) }
        case .profile(let name, let profile?): profile.simpler.map { .profile(name, $0) }
        case .serviceSlice(let name, let slice?):
            fewer(slice, \.members).map { .serviceSlice(name, $0) }
        default: []
        }
    }
}

/// The value with one element of a list left out.
private func fewer<Root, Element>(
    _ root: Root,
    _ path: WritableKeyPath<Root, [Element]>
) -> [Root] {
    root[keyPath: path].indices.map { index in
        var simpler = root
        simpler[keyPath: path].remove(at: index)
        return simpler
    }
}

private func fewer<Root>(
    _ root: Root,
    _ path: WritableKeyPath<Root, [String: String]>
) -> [Root] {
    root[keyPath: path].keys.sorted().map { key in
        var simpler = root
        simpler[keyPath: path][key] = nil
        return simpler
    }
}

/// The value with a member as it is by default, if it is not so already.
private func plain<Root, Value: Equatable>(
    _ root: Root,
    _ path: WritableKeyPath<Root, Value>,
    _ value: Value
) -> [Root] {
    guard root[keyPath: path] != value else { return [] }
    var simpler = root
    simpler[keyPath: path] = value
    return [simpler]
}

/// The value with one element of a list made simpler.
private func simplified<Root, Element>(
    _ root: Root,
    _ path: WritableKeyPath<Root, [Element]>,
    _ simpler: (Element) -> [Element]
) -> [Root] {
    root[keyPath: path].indices.flatMap { index in
        simpler(root[keyPath: path][index]).map { element in
            var copy = root
            copy[keyPath: path][index] = element
            return copy
        }
    }
}

// MARK: Objects

extension Endpoint {
    fileprivate var simpler: [Endpoint] {
        let ways: [[Endpoint]] = [
            fewer(self, \.addresses),
            fewer(self, \.labels),
            fewer(self, \.profiles),
            fewer(self, \.ports),
            fewer(self, \.allowedSourcePrefixes),
        ]
        return ways.flatMap { $0 }
    }
}

extension NetworkSet {
    fileprivate var simpler: [NetworkSet] {
        let ways: [[NetworkSet]] = [
            fewer(self, \.nets),
            fewer(self, \.labels),
            fewer(self, \.profiles),
        ]
        return ways.flatMap { $0 }
    }
}

extension Tier {
    fileprivate var simpler: [Tier] {
        let ways: [[Tier]] = [
            plain(self, \.order, nil),
            plain(self, \.defaultAction, .deny),
        ]
        return ways.flatMap { $0 }
    }
}

extension Profile {
    fileprivate var simpler: [Profile] {
        let ways: [[Profile]] = [
            fewer(self, \.labelsToApply),
            fewer(self, \.ingress),
            fewer(self, \.egress),
            simplified(self, \.ingress, \.simpler),
            simplified(self, \.egress, \.simpler),
        ]
        return ways.flatMap { $0 }
    }
}

extension Policy {
    fileprivate var simpler: [Policy] {
        let ways: [[Policy]] = [
            fewer(self, \.ingress),
            fewer(self, \.egress),
            plain(self, \.selector, "all()"),
            plain(self, \.tier, "default"),
            plain(self, \.order, nil),
            plain(self, \.appliesToIngress, false),
            plain(self, \.appliesToEgress, false),
            plain(self, \.doNotTrack, false),
            plain(self, \.preDNAT, false),
            plain(self, \.applyOnForward, false),
            plain(self, \.stagedAction, nil),
            simplified(self, \.ingress, \.simpler),
            simplified(self, \.egress, \.simpler),
        ]
        return ways.flatMap { $0 }
    }
}

// MARK: Rules

extension Rule {
    fileprivate var simpler: [Rule] {
        let ways: [[Rule]] = [
            plain(self, \.family, nil),
            plain(self, \.protocol, nil),
            plain(self, \.notProtocol, nil),
            plain(self, \.icmp, nil),
            plain(self, \.notICMP, nil),
            plain(self, \.source, EntityMatch()),
            plain(self, \.destination, EntityMatch()),
            plain(self, \.annotations, [:]),
            source.simpler.map { with(\.source, $0) },
            destination.simpler.map { with(\.destination, $0) },
        ]
        return ways.flatMap { $0 }
    }

    private func with(_ path: WritableKeyPath<Rule, EntityMatch>, _ match: EntityMatch) -> Rule {
        var rule = self
        rule[keyPath: path] = match
        return rule
    }
}

extension EntityMatch {
    fileprivate var simpler: [EntityMatch] {
        let ways: [[EntityMatch]] = [
            fewer(self, \.nets),
            fewer(self, \.notNets),
            fewer(self, \.selectors),
            fewer(self, \.notSelectors),
            fewer(self, \.ports),
            fewer(self, \.notPorts),
            plain(self, \.service, nil),
        ]
        return ways.flatMap { $0 }
    }
}
