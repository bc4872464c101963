/// The ASes a route came through, the last first (RFC 4271 §5.1.2), in one flat array.
package struct ASPath: Hashable, Sendable, CustomStringConvertible {
    package enum SegmentKind: UInt8, Hashable, Sendable {
        /// Unordered, from aggregation.
        case set = 1
        case sequence = 2
        /// Within a confederation (RFC 5065 §3).
        case confederationSequence = 3
        case confederationSet = 4
    }

    package struct Segment: Hashable, Sendable {
        package var kind: SegmentKind
        package var numbers: [UInt32]

        package init(_ kind: SegmentKind, _ numbers: [UInt32]) {
            self.kind = kind
            self.numbers = numbers
        }
    }

    /// Per segment a head, `kind << 8 | count`, and its numbers; no segment is empty.
    private(set) var words: [UInt32] = []

    package init() {}

    /// One AS_SEQUENCE, in as many segments as its length needs.
    package init(sequence: [UInt32]) {
        self.init([Segment(.sequence, sequence)])
    }

    /// Segments of more than 255 numbers are split, empty ones left out.
    package init(_ segments: [Segment]) {
        for segment in segments {
            var rest = segment.numbers[...]
            while !rest.isEmpty {
                append(segment.kind, rest.prefix(255))
                rest = rest.dropFirst(255)
            }
        }
    }

    init(words: [UInt32]) {
        self.words = words
    }

    private mutating func append(_ kind: SegmentKind, _ numbers: some Collection<UInt32>) {
        words.append(UInt32(kind.rawValue) << 8 | UInt32(numbers.count))
        words.append(contentsOf: numbers)
    }

    package var isEmpty: Bool { words.isEmpty }

    package var segments: [Segment] {
        var list: [Segment] = []
        forEachSegment { kind, range in list.append(Segment(kind, Array(words[range]))) }
        return list
    }

    func forEachSegment(_ body: (SegmentKind, Range<Int>) -> Void) {
        var index = 0
        while index < words.count {
            let (kind, count) = Self.head(words[index])
            body(kind, (index + 1)..<(index + 1 + count))
            index += 1 + count
        }
    }

    private static func head(_ word: UInt32) -> (SegmentKind, Int) {
        (SegmentKind(rawValue: UInt8(word >> 8)) ?? .set, Int(word & 0xff))
    }
}

// MARK: What decisions ask

extension ASPath {
    /// How long the path counts: a set is one, confederations nothing (RFC 4271 §9.1.2.2 (a),
    /// RFC 5065 §5.3).
    package var length: Int {
        var sum = 0
        forEachSegment { kind, range in
            switch kind {
            case .sequence: sum += range.count
            case .set: sum += 1
            case .confederationSequence, .confederationSet: break
            }
        }
        return sum
    }

    /// The AS that sent the route; `nil` if it came from our own, or starts with a set.
    package var neighbour: UInt32? {
        var found: UInt32?
        var isDecided = false
        forEachSegment { kind, range in
            guard !isDecided else { return }
            switch kind {
            case .sequence: (found, isDecided) = (words[range.lowerBound], true)
            case .set: isDecided = true
            case .confederationSequence, .confederationSet: break
            }
        }
        return found
    }

    /// How often an AS is in the path, of whatever kind the segment.
    package func count(of number: UInt32) -> Int {
        var sum = 0
        forEachSegment { _, range in
            for index in range where words[index] == number { sum += 1 }
        }
        return sum
    }

    /// The path's first numbers are these, one after the other.
    package func starts(with prefix: [UInt32]) -> Bool {
        var flat: [UInt32] = []
        var isStopped = false
        forEachSegment { kind, range in
            if kind != .sequence { isStopped = true }
            if !isStopped, flat.count < prefix.count { flat += words[range] }
        }
        return flat.starts(with: prefix)
    }

    /// AS 0 is in it, which nobody may announce (RFC 7607 §2).
    var containsZero: Bool { count(of: 0) > 0 }

    var hasConfederation: Bool {
        var found = false
        forEachSegment { kind, _ in
            if kind == .confederationSequence || kind == .confederationSet { found = true }
        }
        return found
    }

    /// Some number needs four octets.
    var needsFourOctets: Bool {
        var found = false
        forEachSegment { _, range in
            for index in range where words[index] > UInt32(UInt16.max) { found = true }
        }
        return found
    }

    /// The path with `numbers` put before it, as a speaker does that sends to another AS
    /// (RFC 4271 §5.1.2 (b)).
    package func prepending(_ numbers: [UInt32]) -> ASPath {
        guard !numbers.isEmpty else { return self }
        if numbers.count < 255, let word = words.first {
            let (kind, count) = Self.head(word)
            if kind == .sequence, count + numbers.count <= 255 {
                var joined: [UInt32] = []
                joined.reserveCapacity(words.count + numbers.count)
                joined.append(word + UInt32(numbers.count))
                joined += numbers
                joined += words.dropFirst()
                return ASPath(words: joined)
            }
        }
        return ASPath(words: ASPath(sequence: numbers).words + words)
    }

    /// `1 2 {3 4} (5)`: sequences bare, sets in braces, confederations in parentheses.
    package var description: String {
        segments.map { segment in
            let numbers = segment.numbers.map(String.init).joined(separator: " ")
            switch segment.kind {
            case .sequence: return numbers
            case .set: return "{\(numbers)}"
            case .confederationSequence: return "(\(numbers))"
            case .confederationSet: return "({\(numbers)})"
            }
        }.joined(separator: " ")
    }
}

// MARK: Old speakers between new ones (RFC 6793)

extension ASPath {
    /// The path as a 2-octet speaker sees it.
    var withTwoOctets: ASPath {
        var copy = self
        forEachSegment { _, range in
            for index in range where words[index] > UInt32(UInt16.max) {
                copy.words[index] = UInt32(OpenMessage.asTrans)
            }
        }
        return copy
    }

    /// AS4_PATH leaves confederations out (RFC 6793 §3).
    var withoutConfederations: ASPath {
        ASPath(
            segments.filter { $0.kind == .sequence || $0.kind == .set }
        )
    }

    /// What the whole path was, from this 2-octet one and the AS4_PATH that came with it: the
    /// numbers that AS4_PATH lacks are taken from the front (RFC 6793 §4.2.3).
    func merged(withAS4Path new: ASPath) -> ASPath {
        let surplus = length - new.length
        guard surplus >= 0, !new.isEmpty else { return self }
        var front: [Segment] = []
        var left = surplus
        for segment in segments {
            switch segment.kind {
            case .confederationSequence, .confederationSet:
                front.append(segment)
                continue
            case .set:
                guard left > 0 else { break }
                front.append(segment)
                left -= 1
                continue
            case .sequence:
                guard left > 0 else { break }
                let taken = Array(segment.numbers.prefix(left))
                front.append(Segment(.sequence, taken))
                left -= taken.count
                if taken.count == segment.numbers.count { continue }
            }
            break
        }
        guard let last = front.last, last.kind == .sequence else {
            return ASPath(words: ASPath(front).words + new.words)
        }
        front.removeLast()
        return ASPath(words: ASPath(front).words + new.prepending(last.numbers).words)
    }
}
