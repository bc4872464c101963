/// How nodes, and what is beyond them, come to know where pods are.
package enum ClusterRouting: String, Codable, CaseIterable, Sendable {
    /// Each node runs `caracal bgp`: a full mesh, and a session with the top-of-rack router.
    case bgp
    /// The agents' own routes between nodes of one subnet; the fabric is told of each pod by hand.
    case direct
}
