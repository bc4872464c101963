internal import Index

/// All label classes sorted by which of some remote conditions they meet.
///
/// Programs that ask the same conditions share one. The classes with one answer to all of them make
/// one *signature*; classes come and go, and each is looked at once.
struct RemotePartition: Sendable {
    struct Signature: Sendable {
        /// The conditions met, by position.
        let positions: [Int]
        var classes = 0
    }

    /// The signature of addresses that no matcher holds for, which is always there.
    static let ofEmptyClass: Int32 = 0

    /// Sorted ids of the conditions; a condition's place is its position.
    let remotes: [Int32]
    /// The matchers acquired for it, each as often as a condition names it.
    let matchers: [MatcherID]
    private let required: [[MatcherID]]
    private let refused: [[MatcherID]]
    private var byFirstRequired: [MatcherID: [Int]] = [:]
    private var withoutRequired: [Int] = []

    private(set) var signatures: [Int32: Signature] = [:]
    private var ids: [[Int]: Int32] = [:]
    private var signatureOf: [ClassID: Int32] = [:]
    private var next: Int32 = 1
    /// How many programs use it.
    var users = 0

    init(_ remotes: [Int32], _ vocabulary: Vocabulary, _ index: inout ClusterIndex) {
        self.remotes = remotes
        var required: [[MatcherID]] = []
        var refused: [[MatcherID]] = []
        for (position, remote) in remotes.enumerated() {
            let condition = vocabulary.remotes[remote]
            required.append(condition.required.map { index.acquire($0) })
            refused.append(condition.refused.map { index.acquire($0) })
            if let first = required[position].first {
                byFirstRequired[first, default: []].append(position)
            } else {
                withoutRequired.append(position)
            }
        }
        self.required = required
        self.refused = refused
        matchers = (required + refused).flatMap(\.self)
        let positions = self.positions(met: [])
        signatures[Self.ofEmptyClass] = Signature(positions: positions, classes: 1)
        ids[positions] = Self.ofEmptyClass
    }

    /// The conditions that a class with these matchers meets, by position.
    private func positions(met matchers: [MatcherID]) -> [Int] {
        var met: [Int] = []
        for matcher in matchers {
            for position in byFirstRequired[matcher] ?? []
            where required[position].allSatisfy({ matchers.contains($0) })
                && !refused[position].contains(where: { matchers.contains($0) })
            {
                met.append(position)
            }
        }
        for position in withoutRequired
        where !refused[position].contains(where: { matchers.contains($0) }) {
            met.append(position)
        }
        return met.sorted()
    }

    func signature(of label: ClassID) -> Int32? {
        label == ClusterIndex.emptyClass ? Self.ofEmptyClass : signatureOf[label]
    }

    var classes: [ClassID: Int32] { signatureOf }

    mutating func insert(_ label: ClassID, _ matchers: [MatcherID]) {
        guard signatureOf[label] == nil else { return }
        let positions = positions(met: matchers)
        let id = ids[positions] ?? next
        if id == next { next += 1 }
        ids[positions] = id
        signatures[id, default: Signature(positions: positions)].classes += 1
        signatureOf[label] = id
    }

    /// A signature that no class has any more.
    struct Gone {
        let id: Int32
        let positions: [Int]
    }

    /// The signature, if this was the last class that had it.
    mutating func remove(_ label: ClassID) -> Gone? {
        guard let id = signatureOf.removeValue(forKey: label), var signature = signatures[id]
        else { return nil }
        signature.classes -= 1
        signatures[id] = signature
        guard signature.classes == 0 else { return nil }
        signatures[id] = nil
        ids[signature.positions] = nil
        return Gone(id: id, positions: signature.positions)
    }

    /// How many signatures there are when these classes are gone.
    func count(without lost: [ClassID]) -> Int {
        var fewer: [Int32: Int] = [:]
        for label in lost {
            if let id = signatureOf[label] { fewer[id, default: 0] += 1 }
        }
        return signatures.count - fewer.count { signatures[$0.key]?.classes == $0.value }
    }
}
