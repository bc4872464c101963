/// What one peer has been told of one family, and what it is still to be told.
struct Outlet {
    /// Where a repetition of all routes has got to.
    enum Walk {
        case none
        /// All prefixes from this one on.
        case range(next: Int)
        /// These only.
        case list([UInt32], next: Int)
    }

    var counters = PeerCounters()
    /// The group whose routes it gets; `nil` while the family is not in use.
    var group: Int?
    /// One bit a prefix: it has a route from us.
    private var told: [UInt64] = []
    /// How far it has read its group's log.
    var cursor = 0
    var walk = Walk.none
    /// The repetition is one that it asked for, to be put between markers (RFC 7313 §3.2).
    var isRefresh = false
    /// The marker before it has been sent.
    var isBegun = false
    /// End-of-RIB is still to be sent (RFC 4724 §2).
    var owesEndOfRIB = false

    func isTold(_ index: UInt32) -> Bool {
        let word = Int(index >> 6)
        return word < told.count && told[word] >> UInt64(index & 63) & 1 == 1
    }

    mutating func setTold(_ index: UInt32) {
        let word = Int(index >> 6)
        if word >= told.count {
            told.append(contentsOf: repeatElement(0, count: word - told.count + 1))
        }
        let bit: UInt64 = 1 << UInt64(index & 63)
        if told[word] & bit == 0 {
            told[word] |= bit
            counters.advertised += 1
        }
    }

    mutating func clearTold(_ index: UInt32) {
        guard isTold(index) else { return }
        told[Int(index >> 6)] &= ~(1 << UInt64(index & 63))
        counters.advertised -= 1
    }

    /// Forgets all that concerns a session, and keeps what came from the peer.
    mutating func close() {
        group = nil
        told = []
        cursor = 0
        walk = .none
        isRefresh = false
        isBegun = false
        owesEndOfRIB = false
        counters.advertised = 0
    }
}
