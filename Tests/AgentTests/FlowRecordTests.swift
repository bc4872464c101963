internal import Agent
internal import CBPFABI
internal import Dataplane
internal import Model
internal import Testing

@Suite("flow record")
struct FlowRecordTests {
    private static let second: UInt64 = 1_000_000_000

    /// A TCP connection from 10.0.0.1 to 10.0.0.2 as the kernel holds it.
    private func connection(
        _ source: UInt16,
        port: UInt16 = 80,
        seen: UInt64,
        _ change: (inout cara_conn) -> Void = { _ in }
    ) -> Connection {
        var key = cara_conn_key()
        key.a = cara_addr(Address(v4: 0x0a00_0001))
        key.b = cara_addr(Address(v4: 0x0a00_0002))
        key.aport = source.bigEndian
        key.bport = port.bigEndian
        key.proto = 6
        var value = cara_conn()
        value.flags = CARA_CONN_FROM_A.rawValue
        value.seen = seen * Self.second
        value.egress_rule = 7
        change(&value)
        return Connection(key, value)
    }

    @Test("connections of one source, destination and port are one flow, as it was seen last")
    func merged() throws {
        let record = FlowRecord()
        record.note(connection(4000, seen: 10))
        record.note(connection(4001, seen: 20) { $0.egress_rule = 8 })
        record.note(connection(4002, seen: 15))
        record.note(connection(4003, port: 443, seen: 5))
        let flows = record.flows(since: 0)
        #expect(flows.map(\.key.port) == [80, 443], "the latest first")
        let first = try #require(flows.first?.entry)
        #expect(first.sourcePort == 4001 && first.egress.rule == 8 && first.isAllowed)
        #expect(record.flows(since: 6 * Self.second).count == 1)
    }

    @Test("what the node opened itself is nobody's policy's business")
    func fromNode() {
        let record = FlowRecord()
        record.note(connection(1, seen: 1) { $0.flags |= CARA_CONN_FROM_HOST.rawValue })
        #expect(record.flows(since: 0).isEmpty)
    }

    @Test(
        "what staged policies would do is that of both ends",
        arguments: [
            (CARA_PENDING_NONE, CARA_PENDING_NONE, nil),
            (CARA_PENDING_ALLOW, CARA_PENDING_NONE, true),
            (CARA_PENDING_ALLOW, CARA_PENDING_DENY, false),
            (CARA_PENDING_NONE, CARA_PENDING_ALLOW, true),
        ] as [(cara_pending, cara_pending, Bool?)]
    )
    func pending(egress: cara_pending, ingress: cara_pending, wanted: Bool?) throws {
        let record = FlowRecord()
        record.note(
            connection(1, seen: 1) {
                $0.pending_egress = UInt8(egress.rawValue)
                $0.pending_ingress = UInt8(ingress.rawValue)
            }
        )
        #expect(try #require(record.flows(since: 0).first).entry.pending == wanted)
    }

    @Test("there are never more than so many, and the oldest go")
    func bounded() {
        let record = FlowRecord(limit: 80)
        for port in 1...1000 as ClosedRange<UInt16> {
            record.note(connection(1, port: port, seen: UInt64(port)))
            #expect(record.flows(since: 0).count <= 80)
        }
        let ports = record.flows(since: 0).map(\.key.port)
        #expect(ports.first == 1000)
        #expect(ports == (0..<UInt16(ports.count)).map { 1000 - $0 })
        #expect(ports.count >= 70)
    }
}
