package import Netlink

/// Who writes which routes of the main table, and which of two to one destination wins.
///
/// The agent and the BGP speaker are processes of their own, and either may be away. So they share
/// no routes: each has a protocol number and metrics of its own, and neither touches what carries
/// another number.
///
/// | writer | protocol | metric | routes |
/// | --- | --- | --- | --- |
/// | agent | 80 | that of the pod | to the pods of this node |
/// | BGP speaker | 81 | what the peers say, else 1024 | learnt from peers; to peers by `reachableBy` |
/// | agent | 80 | ``floor`` | what the store alone tells: to blocks of nodes on the own segment, and nowhere for own blocks |
///
/// A longer prefix wins whatever the metric: a pod's own route over its block's, and the /32 of an
/// address that another node borrowed over the blackhole of the block. To one destination the lower
/// metric wins. So a route learnt by BGP takes over from the agent's in the moment when it is
/// written, and when it goes, the agent's is there still: in neither direction is there a moment
/// without a route.
package enum RouteOwners {
    /// The agent's; Calico's documents recommend it for Felix' own.
    package static let agent = RouteProtocol(rawValue: 80)
    /// The BGP speaker's; neither BIRD's (12) nor FRR's (186), which may run beside it.
    package static let speaker = RouteProtocol(rawValue: 81)
    /// Above every metric that BGP can give (inventory §2.2): what is better takes its place.
    package static let floor: UInt32 = 2_147_483_647
}
