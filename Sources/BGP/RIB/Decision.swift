import BGPMessage
import Model

/// What decides between two paths, in order (RFC 4271 §9.1.1, §9.1.2.2).
package enum DecisionStep: UInt8, Hashable, Comparable, Sendable, CaseIterable {
    /// Long-lived stale ones come last (RFC 9494 §4.3).
    case longLivedStale
    /// Of the source, before all attributes.
    case preference
    case localPreference
    /// (a)
    case asPathLength
    /// (b)
    case origin
    /// (c), among paths through the same AS.
    case multiExitDiscriminator
    /// (d)
    case externalOverInternal
    /// (e)
    case interiorCost
    /// (f), with ORIGINATOR_ID in its place (RFC 4456 §9).
    case identifier
    /// RFC 4456 §9.
    case clusterListLength
    /// (g)
    case peerAddress
    /// Of several paths from one peer.
    case pathID

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A route with all that it is compared by, packed so that smaller is better.
struct Candidate {
    let route: UInt32
    /// Stale, preference, LOCAL_PREF.
    let degree: UInt64
    /// Length of the AS path, origin.
    let path: UInt32
    let neighbour: UInt32
    let multiExitDiscriminator: UInt32
    /// Internal, interior cost.
    let distance: UInt64
    /// Identifier, length of the cluster list.
    let identity: UInt64
    let address: Address
    let pathID: UInt32

    /// The first step at which this one loses to `other`; `nil` if it wins.
    ///
    /// MEDs count only between paths through the same AS.
    func loss(to other: Candidate) -> DecisionStep? {
        func differs<T: Comparable>(_ mine: T, _ its: T) -> Bool? {
            mine == its ? nil : mine > its
        }
        let isSameAS = neighbour == other.neighbour
        let steps: [(DecisionStep, Bool?)] = [
            (.longLivedStale, differs(degree >> 40, other.degree >> 40)),
            (.preference, differs(degree >> 32, other.degree >> 32)),
            (.localPreference, differs(degree, other.degree)),
            (.asPathLength, differs(path >> 8, other.path >> 8)),
            (.origin, differs(path, other.path)),
            (
                .multiExitDiscriminator,
                isSameAS ? differs(multiExitDiscriminator, other.multiExitDiscriminator) : nil
            ),
            (.externalOverInternal, differs(distance >> 32, other.distance >> 32)),
            (.interiorCost, differs(distance, other.distance)),
            (.identifier, differs(identity >> 16, other.identity >> 16)),
            (.clusterListLength, differs(identity, other.identity)),
            (.peerAddress, differs(address, other.address)),
            (.pathID, differs(pathID, other.pathID)),
        ]
        for (step, isLoss) in steps {
            if let isLoss { return isLoss ? step : nil }
        }
        return nil
    }

    /// As good as `other` but for what only breaks ties.
    func isTied(with other: Candidate) -> Bool {
        degree == other.degree && path == other.path && distance == other.distance
            && (neighbour != other.neighbour
                || multiExitDiscriminator == other.multiExitDiscriminator)
    }

    /// Surely no better than `best`, which has been chosen among all the others, and no match for it.
    func isWorse(than best: Candidate) -> Bool {
        if degree != best.degree { return degree > best.degree }
        if path != best.path { return path > best.path }
        if neighbour == best.neighbour, multiExitDiscriminator != best.multiExitDiscriminator {
            return multiExitDiscriminator > best.multiExitDiscriminator
        }
        return distance > best.distance
    }

    /// Comes after `best` where all that is not a tie-break is equal.
    func isLaterInTie(than best: Candidate) -> Bool {
        if identity != best.identity { return identity > best.identity }
        if address != best.address { return address > best.address }
        return pathID > best.pathID
    }
}

/// The decision process over the candidates for one prefix.
struct Decision {
    /// The best one first, then those that are as good but for tie-breaks.
    private(set) var winners: [Candidate] = []

    /// Phase 2: removes candidates rule by rule, so that the order in which they came does not
    /// matter (RFC 4271 §9.1.2.2).
    ///
    /// `lost` hears of each that goes.
    mutating func decide(
        _ candidates: [Candidate],
        lost: ((Candidate, DecisionStep) -> Void)? = nil
    ) {
        winners = candidates
        guard winners.count > 1 else { return }
        keepLeast(lost) { $0.degree }
        keepLeast(lost) { UInt64($0.path) }
        keepLeastMED(lost)
        keepLeast(lost) { $0.distance }
        guard let first = winners.first else { return }
        var best = 0
        var least = first
        for index in winners.indices.dropFirst() where least.isLaterInTie(than: winners[index]) {
            best = index
            least = winners[index]
        }
        winners.swapAt(0, best)
        if winners.count > 2 {
            winners[1...].sort { $1.isLaterInTie(than: $0) }
        }
        if let lost {
            for one in winners.dropFirst() {
                lost(one, one.loss(to: least) ?? .pathID)
            }
        }
    }

    private mutating func keepLeast(
        _ lost: ((Candidate, DecisionStep) -> Void)?,
        _ key: (Candidate) -> UInt64
    ) {
        guard winners.count > 1, let first = winners.first else { return }
        var least = first
        var isTied = true
        for one in winners.dropFirst() {
            if key(one) != key(least) { isTied = false }
            if key(one) < key(least) { least = one }
        }
        guard !isTied else { return }
        if let lost {
            for one in winners where key(one) > key(least) {
                lost(one, one.loss(to: least) ?? .pathID)
            }
        }
        let bound = key(least)
        winners.removeAll { key($0) > bound }
    }

    /// (c): of the paths through one AS, those with the least MED.
    private mutating func keepLeastMED(_ lost: ((Candidate, DecisionStep) -> Void)?) {
        guard winners.count > 1, let first = winners.first,
            winners.contains(where: {
                $0.multiExitDiscriminator != first.multiExitDiscriminator
            })
        else { return }
        var least: [UInt32: UInt32] = [:]
        for one in winners {
            least[one.neighbour] = min(
                least[one.neighbour] ?? .max,
                one.multiExitDiscriminator
            )
        }
        func loses(_ one: Candidate) -> Bool {
            least[one.neighbour].map { one.multiExitDiscriminator > $0 } ?? false
        }
        if let lost {
            for one in winners where loses(one) { lost(one, .multiExitDiscriminator) }
        }
        winners.removeAll(where: loses)
    }
}
