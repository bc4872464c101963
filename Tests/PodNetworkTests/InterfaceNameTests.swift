import Model
import Testing

@Suite
struct InterfaceNameTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let message: String
        let digest: String
    }

    // The first three are RFC 3174 §7.3's and FIPS 180's; the lengths straddle the padding's edges.
    static let cases = [
        Case(
            testDescription: "empty",
            message: "",
            digest: "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        ),
        Case(
            testDescription: "one block",
            message: "abc",
            digest: "a9993e364706816aba3e25717850c26c9cd0d89d"
        ),
        Case(
            testDescription: "56 bytes: the length goes to a second block",
            message: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            digest: "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        Case(
            testDescription: "55 bytes: the length just fits",
            message: String(repeating: "a", count: 55),
            digest: "c1c8bbdc22796e28c0e15163d20899b65621d65a"
        ),
        Case(
            testDescription: "64 bytes",
            message: String(repeating: "a", count: 64),
            digest: "0098ba824b5c16427bd7a1122a5a442a25ec644d"
        ),
        Case(
            testDescription: "119 bytes",
            message: String(repeating: "a", count: 119),
            digest: "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"
        ),
    ]

    @Test("SHA-1 gives the published digests", arguments: cases)
    func digest(_ c: Case) {
        let digest = SHA1.digest(of: Array(c.message.utf8))
        let text = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(text == c.digest)
    }

    @Test("a pod's link has the name Calico would give it")
    func name() {
        let name = workloadInterfaceName(namespace: "default", pod: "web-0")
        #expect(name == "cali0d7763386da")
        #expect(name.utf8.count == 15)
        let own = workloadInterfaceName(namespace: "default", pod: "web-0", prefix: "pod")
        #expect(own == "pod0d7763386da")
    }
}
