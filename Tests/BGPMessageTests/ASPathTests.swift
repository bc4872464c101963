import BGPMessage
import Model
import Testing

@Suite struct ASPathTests {
    typealias Segment = ASPath.Segment

    struct Merge: CustomTestStringConvertible {
        let testDescription: String
        let old: [Segment]
        let new: [Segment]
        let whole: [Segment]
    }

    private static let trans = UInt32(OpenMessage.asTrans)

    static let merges = [
        Merge(
            testDescription: "as long: the new one",
            old: [Segment(.sequence, [trans, trans])],
            new: [Segment(.sequence, [70_000, 80_000])],
            whole: [Segment(.sequence, [70_000, 80_000])]
        ),
        Merge(
            testDescription: "shorter: the front of the old one before it",
            old: [Segment(.sequence, [1, 2, trans])],
            new: [Segment(.sequence, [70_000])],
            whole: [Segment(.sequence, [1, 2, 70_000])]
        ),
        Merge(
            testDescription: "longer: it is ignored",
            old: [Segment(.sequence, [1])],
            new: [Segment(.sequence, [70_000, 2])],
            whole: [Segment(.sequence, [1])]
        ),
        Merge(
            testDescription: "a set counts one",
            old: [Segment(.sequence, [1]), Segment(.set, [2, 3]), Segment(.sequence, [trans])],
            new: [Segment(.sequence, [70_000])],
            whole: [Segment(.sequence, [1]), Segment(.set, [2, 3]), Segment(.sequence, [70_000])]
        ),
        Merge(
            testDescription: "confederations count nothing and stay",
            old: [Segment(.confederationSequence, [9]), Segment(.sequence, [1, trans])],
            new: [Segment(.sequence, [70_000])],
            whole: [Segment(.confederationSequence, [9]), Segment(.sequence, [1, 70_000])]
        ),
    ]

    /// Written by hand: an old speaker between two new ones.
    @Test(arguments: merges)
    func `AS4_PATH completes AS_PATH`(_ merge: Merge) throws {
        func segments(_ list: [Segment], octets: Int) -> [UInt8] {
            list.flatMap { segment in
                [segment.kind.rawValue, UInt8(segment.numbers.count)]
                    + segment.numbers.flatMap { number in
                        (0..<octets).reversed().map {
                            UInt8(truncatingIfNeeded: number >> UInt32(8 * $0))
                        }
                    }
            }
        }
        let old = segments(merge.old, octets: 2)
        let new = segments(merge.new, octets: 4)
        let attributes: [UInt8] =
            [0x40, 1, 1, 0, 0x40, 2, UInt8(old.count)] + old
            + [0x40, 3, 4, 10, 0, 0, 2, 0xc0, 17, UInt8(new.count)] + new
        let c = UpdateErrorTests.Case("", attributes, .discardAttribute)
        let message = try Message(decoding: c.bytes, MessageContext(hasFourOctetAS: false))
        guard case .update(let update) = message else {
            Issue.record("no UPDATE")
            return
        }
        #expect(update.attributes?.asPath == ASPath(merge.whole))
    }

    @Test func `an aggregator that an old speaker set overrules the AS4 attributes`() throws {
        let attributes: [UInt8] =
            [0x40, 1, 1, 0, 0x40, 2, 6, 2, 2, 0, 1, 0x5b, 0xa0, 0x40, 3, 4, 10, 0, 0, 2]
            + [0xc0, 7, 6, 0, 7, 1, 1, 1, 1, 0xc0, 17, 6, 2, 1, 0, 1, 0, 0]
            + [0xc0, 18, 8, 0, 1, 0, 0, 2, 2, 2, 2]
        let c = UpdateErrorTests.Case("", attributes, .discardAttribute)
        let message = try Message(decoding: c.bytes, MessageContext(hasFourOctetAS: false))
        guard case .update(let update) = message else {
            Issue.record("no UPDATE")
            return
        }
        #expect(update.attributes?.asPath == ASPath(sequence: [1, Self.trans]))
        #expect(update.attributes?.aggregator?.autonomousSystem == 7)
    }

    @Test func `prepending lengthens the first sequence, or starts one`() {
        let path = ASPath(sequence: [2, 3])
        #expect(path.prepending([1]) == ASPath(sequence: [1, 2, 3]))
        #expect(ASPath().prepending([1]) == ASPath(sequence: [1]))
        let set = ASPath([Segment(.set, [4])])
        #expect(set.prepending([1]).segments == [Segment(.sequence, [1]), Segment(.set, [4])])
        let full = ASPath(sequence: Array(1...255))
        #expect(full.prepending([9]).length == 256)
        #expect(full.prepending([9]).segments.count == 2)
    }

    @Test func `decisions count sets once and confederations not at all`() {
        let path = ASPath([
            Segment(.confederationSequence, [9, 9]), Segment(.sequence, [1, 2]),
            Segment(.set, [3, 4, 5]),
        ])
        #expect(path.length == 3)
        #expect(path.neighbour == 1)
        #expect(path.count(of: 9) == 2)
        #expect(path.starts(with: []) && !path.starts(with: [1]))
        #expect(ASPath(sequence: [1, 2, 3]).starts(with: [1, 2]))
        #expect(!ASPath(sequence: [1]).starts(with: [1, 2]))
        #expect(path.description == "(9 9) 1 2 {3 4 5}")
        #expect(ASPath([Segment(.set, [3])]).neighbour == nil)
    }
}
