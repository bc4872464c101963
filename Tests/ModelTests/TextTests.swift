import Model
import Testing

@Suite("Text forms of addresses")
struct TextTests {
    @Test(
        "addresses print as RFC 5952",
        arguments: [
            ("10.0.0.1", "10.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
            ("::1", "::1"), ("1::", "1::"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("fd00:0:0:0:0:0:0:1", "fd00::1"), ("::ffff:1.2.3.4", "1.2.3.4"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
            ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ]
    )
    func addresses(text: String, printed: String) {
        #expect(Address(text)?.description == printed)
        #expect(Address(printed) == Address(text))
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "+1.2.3.4", ":",
            ":::",
            "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1:2:3:4:5:6:7:8::",
            "::1.2.3", "1.2.3.4::", "fe80::1%eth0", " 10.0.0.1", "10.0.0.1\n",
        ]
    )
    func badAddresses(text: String) {
        #expect(Address(text) == nil)
    }

    @Test(
        "prefixes clear host bits",
        arguments: [
            ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("0.0.0.0/0", "0.0.0.0/0"),
            ("fd00::1:2/64", "fd00::/64"), ("::/0", "::/0"), ("::0/0", "::/0"),
        ]
    )
    func prefixes(text: String, printed: String) {
        #expect(Prefix(text)?.description == printed)
    }

    @Test(
        "what is no prefix is refused",
        arguments: [
            "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "/8",
            "10.0.0.0//8", "10.0.0.0/8/8", "10.0.0.0/08", "10.0.0.0/٨",
        ]
    )
    func badPrefixes(text: String) {
        #expect(Prefix(text) == nil)
    }

    @Test(
        "protocols",
        arguments: [
            ("TCP", 6), ("udp", 17), ("ICMPv6", 58), ("UDPLite", 136), ("132", 132), ("0", nil),
            ("256", nil), ("+6", nil), ("-6", nil), ("tcpfoo", nil), ("", nil),
        ] as [(String, UInt8?)]
    )
    func protocols(text: String, number: UInt8?) {
        #expect(IPProtocol(text)?.rawValue == number)
    }

    @Test("MAC addresses")
    func macs() {
        #expect(MAC("AA-bb-00-11-22-33")?.description == "aa:bb:00:11:22:33")
        for text in [
            "", "aa:bb:cc:dd:ee", "aa:bb:cc:dd:ee:ff:00", "aa:bb:cc:dd:ee:fg", "aabb.ccdd",
        ] {
            #expect(MAC(text) == nil)
        }
    }
}
