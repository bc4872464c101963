internal import Model

/// Something with labels that has addresses: an endpoint or a network set.
enum ItemKey: Hashable, Sendable {
    case endpoint(EndpointID)
    case networkSet(NetworkSetID)
}

/// What the index keeps of one of them: numbers only, because there are hundreds of thousands.
struct Item: Sendable {
    /// Sorted by the key's number.
    var labels: [Label] = []
    /// Numbers of profile names, in order.
    var profiles: [Int32] = []
    /// Its addresses and nets, unique.
    var nodes: [PrefixTree.NodeID] = []
    var ports: [NamedPort] = []
    /// Which matchers in use it meets.
    var matches: MatcherSets.ID = MatcherSets.empty
    /// Set when it is an endpoint of this node.
    var local: EndpointID?
    /// Whether `matches` must be found anew.
    var isStale = false
}
