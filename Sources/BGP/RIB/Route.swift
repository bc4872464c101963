import BGPMessage

/// Why a route takes no part in decisions.
package enum Ineligibility: UInt8, Hashable, Sendable, CaseIterable {
    case none = 0
    /// The import policy, or the lack of one where RFC 8212 asks for it.
    case rejectedByPolicy
    /// Our own AS is in its path (RFC 4271 §9.1.2).
    case asLoop
    /// We sent it first (RFC 4456 §8).
    case originatorLoop
    /// We reflected it before (RFC 4456 §8).
    case clusterLoop
    /// It came from where it must not (RFC 9234 §5).
    case routeLeak
    /// Where it leads cannot be reached (RFC 4271 §9.1.2.1).
    case unreachableNextHop
}

struct RouteFlags: OptionSet {
    let rawValue: UInt8
    /// From before the peer's restart (RFC 4724 §4.2).
    static let stale = RouteFlags(rawValue: 1)
    /// From before a repetition that is under way (RFC 7313 §4).
    static let unrefreshed = RouteFlags(rawValue: 2)
    /// Stale for long (RFC 9494 §4.2).
    static let longLived = RouteFlags(rawValue: 4)
}

/// One path to one prefix, in the list of those to the same prefix.
struct Route {
    /// The list's next, 0 at its end.
    var next: UInt32 = 0
    /// The attributes as they came, after RFC 8326 and defaults.
    var received: UInt32 = 0
    /// After policy; 0 if it takes no part.
    var accepted: UInt32 = 0
    var pathID: UInt32 = 0
    var peer: PeerID = .local
    private var state: UInt8 = 0
    var preference: UInt8 = 100

    var flags: RouteFlags {
        get { RouteFlags(rawValue: state & 7) }
        set { state = state & ~7 | newValue.rawValue }
    }

    /// What the routes themselves say; whether the next hop is reachable is asked elsewhere.
    var ineligibility: Ineligibility {
        get { Ineligibility(rawValue: state >> 4) ?? .none }
        set { state = state & 15 | newValue.rawValue << 4 }
    }
}
