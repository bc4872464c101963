import CBPFABI
import Model
import Testing

@testable import Dataplane

private struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var `protocol` = IPProtocol.tcp
    var flags: [cara_conn_flag] = []
    let state: Connection.State
    /// Seconds of silence after which the programs refuse it.
    let timeout: UInt64
}

private let opened = [CARA_CONN_SYN_A, CARA_CONN_SYN_B, CARA_CONN_ACK_A, CARA_CONN_ACK_B]

private let cases = [
    Case(testDescription: "one SYN", flags: [CARA_CONN_SYN_A], state: .opening, timeout: 20),
    Case(
        testDescription: "SYN and its answer",
        flags: [CARA_CONN_SYN_A, CARA_CONN_SYN_B, CARA_CONN_ACK_B],
        state: .opening,
        timeout: 20
    ),
    Case(testDescription: "handshake done", flags: opened, state: .established, timeout: 3600),
    Case(
        testDescription: "one end has closed",
        flags: opened + [CARA_CONN_FIN_B],
        state: .established,
        timeout: 3600
    ),
    Case(
        testDescription: "both ends have closed",
        flags: opened + [CARA_CONN_FIN_A, CARA_CONN_FIN_B],
        state: .closing,
        timeout: 30
    ),
    Case(
        testDescription: "a reset outweighs all",
        flags: opened + [CARA_CONN_FIN_A, CARA_CONN_FIN_B, CARA_CONN_RST],
        state: .reset,
        timeout: 40
    ),
    Case(testDescription: "UDP", protocol: .udp, state: .none, timeout: 60),
    Case(
        testDescription: "UDP with an answer",
        protocol: .udp,
        flags: [CARA_CONN_REPLIED],
        state: .none,
        timeout: 60
    ),
    Case(testDescription: "ICMP", protocol: .icmp, state: .none, timeout: 5),
    Case(testDescription: "ICMPv6", protocol: .icmpv6, state: .none, timeout: 5),
    Case(testDescription: "SCTP", protocol: .sctp, state: .none, timeout: 600),
    Case(
        testDescription: "GRE",
        protocol: IPProtocol(rawValue: 47),
        state: .none,
        timeout: 600
    ),
]

@Suite
struct ConnectionTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("state and timeout", arguments: cases)
    fileprivate func timeout(_ c: Case) {
        var conn = cara_conn()
        conn.flags = c.flags.reduce(0) { $0 | $1.rawValue }
        conn.seen = 1000 * Self.second
        let limit = conn.seen + c.timeout * Self.second + UInt64(CARA_SEEN_GRAIN)

        #expect(conn.state(of: c.protocol) == c.state)
        #expect(!conn.isExpired(c.protocol, now: limit))
        #expect(conn.isExpired(c.protocol, now: limit + 1))
        #expect(!conn.isExpired(c.protocol, now: 0), "a packet may be ahead of our clock")
    }

    @Test("a connection is told from the end that opened it", arguments: [true, false])
    func orientation(isFromA: Bool) throws {
        var key = cara_conn_key()
        key.a = cara_addr(.a)
        key.b = cara_addr(.b)
        key.aport = UInt16(80).bigEndian
        key.bport = UInt16(40000).bigEndian
        key.proto = IPProtocol.tcp.rawValue
        var value = cara_conn()
        value.flags = isFromA ? CARA_CONN_FROM_A.rawValue : 0
        value.leg.0.packets = 3
        value.leg.1.packets = 5
        value.egress_rule = 17

        let connection = Connection(key, value)

        #expect(connection.source == (isFromA ? .a : .b))
        #expect(connection.sourcePort == (isFromA ? 80 : 40000))
        #expect(connection.destinationPort == (isFromA ? 40000 : 80))
        #expect(connection.sent.packets == (isFromA ? 3 : 5))
        #expect(connection.received.packets == (isFromA ? 5 : 3))
        #expect(connection.egressRule == 17)
        #expect(connection.ingressRule == nil)
    }
}

@Suite
struct ReasonTests {
    @Test("every reason of the ABI has a name of its own and a text")
    func complete() {
        #expect(Reason.all.count == Int(CARA_REASON_COUNT.rawValue))
        #expect(Set(Reason.all.map(\.name)).count == Reason.all.count)
        let unnamed = Reason.all.filter { $0.name.hasPrefix("reason_") }
        #expect(unnamed.isEmpty)
        #expect(Reason.all.filter { !$0.isDrop }.map(\.name) == ["pass", "pass_not_ip"])
    }

    @Test("reasons for which a rule is asked are known by their names")
    func policies() {
        let policies = Reason.all.filter(\.isPolicy)
        #expect(policies.map(\.code).contains(CARA_DROP_INGRESS_POLICY.rawValue))
        #expect(policies.map(\.code).contains(CARA_DROP_EGRESS_POLICY.rawValue))
        #expect(policies.count { !$0.isDrop } == 0)
    }

    @Test("a reason of newer programs is still told")
    func unknown() {
        #expect(Reason(cara_reason(rawValue: 999)).name == "reason_999")
    }
}
