import Testing

@testable import Index

/// Ids in the kernel's tables are made of these: a change here makes a restarted agent write everything
/// anew.
@Suite struct StableHashTests {
    @Test func `texts keep their hashes from version to version`() {
        #expect(Matcher.selector("all()").stableHash == 0xab10_dcdc_f0ef_8aa1)
        #expect(Matcher.selector("has(a)").stableHash == 0x6081_b0be_1c1c_6933)
    }

    @Test func `the borders between texts count`() {
        var left = StableHash()
        left.combine("ab")
        left.combine("c")
        var right = StableHash()
        right.combine("a")
        right.combine("bc")
        #expect(left.value != right.value)
    }

    @Test func `an id that is taken or reserved gives way to the next of the sequence`() {
        var ids = StableIDs(first: 16)
        let first = ids.claim(42)
        let second = ids.claim(42)
        #expect(first != second)
        ids.release(first)
        #expect(ids.claim(42) == first)
        #expect(ids.claim(3 << 32) >= 16)
    }
}
