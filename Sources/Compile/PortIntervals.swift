/// A set of 16-bit numbers: sorted ranges that neither overlap nor touch.
struct PortIntervals: Hashable, Sendable {
    let ranges: [ClosedRange<UInt16>]

    static let none = PortIntervals(normal: [])
    static let full = PortIntervals(normal: [0...UInt16.max])

    private init(normal ranges: [ClosedRange<UInt16>]) {
        self.ranges = ranges
    }

    /// Any ranges in any order.
    init(_ ranges: [ClosedRange<UInt16>]) {
        var merged: [ClosedRange<UInt16>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, Int(range.lowerBound) <= Int(last.upperBound) + 1 {
                let end = max(last.upperBound, range.upperBound)
                merged[merged.count - 1] = last.lowerBound...end
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    var isEmpty: Bool { ranges.isEmpty }

    var complement: PortIntervals {
        var gaps: [ClosedRange<UInt16>] = []
        var next = 0
        for range in ranges {
            if Int(range.lowerBound) > next {
                gaps.append(UInt16(next)...(range.lowerBound - 1))
            }
            next = Int(range.upperBound) + 1
        }
        if next <= Int(UInt16.max) { gaps.append(UInt16(next)...UInt16.max) }
        return PortIntervals(normal: gaps)
    }

    func intersection(_ other: PortIntervals) -> PortIntervals {
        var common: [ClosedRange<UInt16>] = []
        var (i, j) = (0, 0)
        while i < ranges.count, j < other.ranges.count {
            let (left, right) = (ranges[i], other.ranges[j])
            if left.overlaps(right) { common.append(left.clamped(to: right)) }
            if left.upperBound < right.upperBound { i += 1 } else { j += 1 }
        }
        return PortIntervals(normal: common)
    }

    func contains(_ number: UInt16) -> Bool {
        ranges.contains { $0.contains(number) }
    }
}
