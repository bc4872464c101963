import CLinux
import Model
import Netlink
import Testing

/// Bytes as text, four to a word, so that a row can be read beside the kernel's headers.
private func hex(_ bytes: [UInt8]) -> String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
        if index > 0, index % 4 == 0 { text += " " }
        text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return text
}

/// What requests look like; the numbers are those of a little-endian machine.
@Suite
struct MessageTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let message: NetlinkMessage
        let bytes: [String]
    }

    static let link = InterfaceIndex(rawValue: 7)

    static let cases: [Case] = [
        Case(
            testDescription: "bring a link up",
            message: .setLink(link, LinkChange(isUp: true, mtu: 1450)),
            bytes: [
                "28000000 10000100 05000000 00000000",  // header: 40 bytes, NEWLINK, REQUEST
                "00000000 07000000 01000000 01000000",  // ifinfomsg: index 7, flags UP, change UP
                "08000400 aa050000",  // MTU 1450
            ]
        ),
        Case(
            testDescription: "create a veth pair",
            message: .createVeth(
                VethPair(
                    name: "cali1",
                    mac: MAC("ee:ee:ee:ee:ee:ee"),
                    peerName: "eth0",
                    peerNamespace: 9,
                    mtu: 1500
                )
            ),
            bytes: [
                "a4000000 10000106 05000000 00000000",  // 164 bytes, NEWLINK, REQUEST|EXCL|CREATE
                "00000000 00000000 00000000 00000000",  // ifinfomsg
                "0a000300 63616c69 31000000",  // IFNAME "cali1"
                "0a000100 eeeeeeee eeee0000",  // ADDRESS
                "08000400 dc050000",  // MTU 1500
                "08001f00 01000000 08002000 01000000",  // one queue each way
                "54001200 09000100 76657468 00000000",  // LINKINFO { KIND "veth"
                "44000200 40000100",  // DATA { PEER {
                "00000000 00000000 00000000 00000000",  // ifinfomsg
                "09000300 65746830 00000000",  // IFNAME "eth0"
                "08000400 dc050000",  // MTU 1500
                "08001f00 01000000 08002000 01000000",  // queues
                "08001c00 09000000",  // NET_NS_FD 9 } } }
            ]
        ),
        Case(
            testDescription: "an address without duplicate detection",
            message: .addAddress(
                InterfaceAddress(
                    interface: link,
                    address: Address(high: 0xfd00_0000_0000_0000, low: 1),
                    skipsDuplicateDetection: true
                )
            ),
            bytes: [
                "48000000 14000105 05000000 00000000",  // NEWADDR, REQUEST|REPLACE|CREATE
                "0a800000 07000000",  // ifaddrmsg: INET6, /128, index 7
                "14000200 fd000000 00000000 00000000 00000001",  // LOCAL
                "14000100 fd000000 00000000 00000000 00000001",  // ADDRESS
                "08000800 02000000",  // FLAGS NODAD
            ]
        ),
        Case(
            testDescription: "a pod's route",
            message: .replaceRoute(
                Route(
                    to: Prefix(Address(v4: 0x0a41_0001)),
                    via: [NextHop(interface: link)]
                )
            ),
            bytes: [
                "34000000 18000105 05000000 00000000",  // NEWROUTE, REQUEST|REPLACE|CREATE
                "02200000 0003fd01 00000000",  // rtmsg: INET /32, proto boot, scope link, unicast
                "08000100 0a410001",  // DST 10.65.0.1
                "08000f00 fe000000",  // TABLE 254
                "08000400 07000000",  // OIF 7
            ]
        ),
        Case(
            testDescription: "two next hops, one by IPv6",
            message: .addRoute(
                Route(
                    to: Prefix(Address(v4: 0x0a41_0100)),
                    via: [
                        NextHop(gateway: Address(v4: 0x0a00_0002), interface: link),
                        NextHop(
                            gateway: Address(high: 0xfe80_0000_0000_0000, low: 2),
                            interface: InterfaceIndex(rawValue: 8),
                            weight: 3,
                            isOnLink: true
                        ),
                    ],
                    table: RouteTable(rawValue: 1000),
                    protocol: .bgp,
                    priority: 512
                )
            ),
            bytes: [
                "68000000 18000106 05000000 00000000",  // NEWROUTE, REQUEST|EXCL|CREATE
                "02200000 00ba0001 00000000",  // proto bgp, scope universe
                "08000100 0a410100",  // DST
                "08000f00 e8030000",  // TABLE 1000
                "08000600 00020000",  // PRIORITY 512
                "34000900",  // MULTIPATH {
                "10000000 07000000 08000500 0a000002",  // hop: index 7, GATEWAY 10.0.0.2
                "20000402 08000000",  // hop: ONLINK, weight 3, index 8
                "16001200 0a00fe80 00000000 00000000 00000000 00020000",  // VIA fe80::2 }
            ]
        ),
        Case(
            testDescription: "a block nobody claims",
            message: .addRoute(
                Route(to: Prefix(Address(v4: 0x0a41_0000)), type: .blackhole)
            ),
            bytes: [
                "2c000000 18000106 05000000 00000000",
                "02200000 00030006 00000000",  // type blackhole
                "08000100 0a410000 08000f00 fe000000",
            ]
        ),
        Case(
            testDescription: "a permanent neighbour",
            message: .setNeighbour(
                Neighbour(
                    interface: link,
                    address: Address(v4: 0xa9fe_0101),
                    mac: MAC("ee:ee:ee:ee:ee:ee")
                )
            ),
            bytes: [
                "30000000 1c000105 05000000 00000000",  // NEWNEIGH, REQUEST|REPLACE|CREATE
                "02000000 07000000 80000000",  // ndmsg: INET, index 7, PERMANENT
                "08000100 a9fe0101",  // DST 169.254.1.1
                "0a000200 eeeeeeee eeee0000",  // LLADDR
            ]
        ),
        Case(
            testDescription: "a rule by mark",
            message: .addRule(
                RoutingRule(
                    family: .v4,
                    priority: 99,
                    table: RouteTable(rawValue: 1),
                    mark: 0x10,
                    markMask: 0xf0,
                    isInverted: true
                )
            ),
            bytes: [
                "3c000000 20000106 05000000 00000000",  // NEWRULE, REQUEST|EXCL|CREATE
                "02000000 00000001 02000000",  // fib_rule_hdr: to table, INVERT
                "08000600 63000000 08000f00 01000000",  // PRIORITY 99, TABLE 1
                "08000a00 10000000 08001000 f0000000",  // FWMARK, FWMASK
            ]
        ),
    ]

    @Test("a request has the bytes that the kernel's headers say", arguments: cases)
    func bytes(_ c: Case) {
        #expect(hex(c.message.encoded(sequence: 5)) == c.bytes.joined(separator: " "))
    }

    @Test("flags given when sending join the message's own")
    func flags() {
        let message = NetlinkMessage.deleteRoute(Route(to: Prefix(Address(v4: 0))))
        let bytes = message.encoded(sequence: 0, flags: NLM_F_ACK)
        #expect(bytes[6] == UInt8(NLM_F_REQUEST | NLM_F_ACK))
    }
}
