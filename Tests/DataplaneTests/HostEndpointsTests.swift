import CBPFABI
import Compile
import Model
import Support
import Testing

@testable import Dataplane

@Suite
struct HostEndpointsTests {
    private let maps = MemoryMaps()

    private static func host(
        _ name: String,
        _ interface: String? = nil,
        _ addresses: [Address] = []
    ) -> Endpoint {
        Endpoint(id: .host(node: "n1", name: name), addresses: addresses, interface: interface)
    }

    private static let eth0 = HostEndpoints.Interface(index: 2, name: "eth0", addresses: [.a])
    private static let eth1 = HostEndpoints.Interface(index: 3, name: "eth1", addresses: [.b, .b6])

    /// What endpoints the interfaces have, by index; 0 is `*`.
    private func assigned(_ endpoints: Endpoint...) -> [UInt32: String] {
        var hosts = HostEndpoints()
        hosts.setInterfaces([Self.eth0, Self.eth1])
        for endpoint in endpoints { hosts.register(endpoint) }
        return hosts.assignment.mapValues(\.description)
    }

    @Test("an endpoint is an interface's by name, or by address when it names none")
    func own() {
        #expect(assigned() == [:])
        #expect(assigned(Self.host("h", "eth0")) == [2: "n1/h"])
        #expect(assigned(Self.host("h", nil, [.b6])) == [3: "n1/h"])
        #expect(assigned(Self.host("h", "", [.b])) == [3: "n1/h"])
        #expect(assigned(Self.host("h", "eth0", [.b])) == [2: "n1/h"], "the name decides")
        #expect(assigned(Self.host("h", "eth9")) == [:])
    }

    @Test("of several the first by name, and * for those that have none")
    func several() {
        #expect(assigned(Self.host("b", "eth0"), Self.host("a", nil, [.a])) == [2: "n1/a"])
        #expect(assigned(Self.host("b", "*"), Self.host("a", "*")) == [0: "n1/a"])
        #expect(
            assigned(Self.host("any", "*"), Self.host("own", "eth1")) == [0: "n1/any", 3: "n1/own"]
        )
    }

    // MARK: In the kernel

    private static func programs(_ ingress: UInt32) -> HostPrograms {
        var programs = HostPrograms()
        for key in HostPrograms.Key.all { programs[key.stage, key.family] = 2 }
        for family in Family.allCases { programs[.ingress, family] = ingress }
        return programs
    }

    private static let id = EndpointID.host(node: "n1", name: "h")

    private func reconciler() throws -> Reconciler {
        var reconciler = try Reconciler.withTwoPods(maps)
        try reconciler.apply(Settings())
        reconciler.hosts.setInterfaces([Self.eth0, Self.eth1])
        reconciler.hosts.register(Self.host("h", "eth0"))
        return reconciler
    }

    private var withHost: DataplaneChange {
        var change = DataplaneChange.twoPods
        change.programsAdded.append(.allowing([5], id: 103))
        change.hosts = [Self.id: Self.programs(103)]
        return change
    }

    private var hasHosts: Bool {
        get throws { try maps.value(of: 0, in: Maps.settings)?.has_hosts == 1 }
    }

    private func generation(_ slot: UInt32) throws -> UInt32 {
        try maps.value(of: slot, in: Maps.generations) ?? 0
    }

    @Test("failsafe ports are there before any host endpoint; the second time nothing is written")
    func order() throws {
        var reconciler = try reconciler()
        #expect(maps.count(.failsafes) == Failsafe.defaults.count)
        #expect(try !hasHosts)
        #expect(maps.count(.hosts) == 0)
        _ = try reconciler.apply(withHost)
        #expect(try maps.value(of: 2, in: Maps.hosts)?.v4.ingress == 103)
        #expect(try maps.value(of: 2, in: Maps.hosts)?.v6.forward_egress == 2)
        #expect(try hasHosts)

        maps.forgetWrites()
        var second = try self.reconciler()
        #expect(try second.apply(withHost).mapWrites == 0)
        #expect(maps.writes.isEmpty)
    }

    @Test("an endpoint that comes, changes its interface or goes has all connections judged anew")
    func moves() throws {
        var reconciler = try reconciler()
        _ = try reconciler.apply(.twoPods)
        let slots = try maps.entries(of: Maps.endpoints).map(\.value.slot)
        var former = try slots.map { try generation($0) }
        func expectMoved() throws {
            let now = try slots.map { try generation($0) }
            #expect(zip(now, former).allSatisfy { $0 > $1 })
            former = now
        }
        var change = DataplaneChange()
        change.programsAdded = [.allowing([5], id: 103)]
        change.hosts = [Self.id: Self.programs(103)]
        _ = try reconciler.apply(change)
        try expectMoved()
        reconciler.hosts.register(Self.host("h", "eth1"))
        _ = try reconciler.refreshEndpoints()
        #expect(try maps.value(of: 2, in: Maps.hosts) == nil)
        #expect(try maps.value(of: 3, in: Maps.hosts) != nil)
        try expectMoved()
        reconciler.hosts.unregister(Self.id)
        _ = try reconciler.refreshEndpoints()
        #expect(maps.count(.hosts) == 0)
        #expect(try !hasHosts)
        try expectMoved()
    }

    @Test(
        "a revoked program moves the slot of host endpoints and no other, unless pods meet it too"
    )
    func revocation() throws {
        var reconciler = try reconciler()
        reconciler.hosts.register(Self.host("any", "*"))
        var change = withHost
        change.programsAdded.append(.allowing([5], id: 104))
        var any = Self.programs(0)
        any[.forwardIngress, .v4] = 104
        change.hosts[.host(node: "n1", name: "any")] = any
        _ = try reconciler.apply(change)
        let pod = try #require(try maps.entries(of: Maps.endpoints).first).value.slot
        let slots = [UInt32(CARA_SLOT_HOSTS), pod]

        for (program, isPods) in [(UInt32(103), false), (104, true)] {
            let before = try slots.map { try generation($0) }
            var change = DataplaneChange()
            change.revoked = [program]
            _ = try reconciler.apply(change)
            let moved = try zip(slots, before).map { try generation($0) != $1 }
            #expect(moved == [true, isPods])
        }
    }

    @Test("failsafe ports change without a gap, and connections are judged anew")
    func failsafes() throws {
        var reconciler = try reconciler()
        let before = try generation(UInt32(CARA_SLOT_HOSTS))
        let net = Prefix.v4(0x0a00_0000, 8)
        maps.forgetWrites()
        try reconciler.apply(Settings(failsafes: [Failsafe(.ingress, .tcp, 2222, net: net)]))
        let order = maps.writes.map(\.description).filter { $0.contains("failsafes") }
        #expect(
            order.deduplicated == ["write to cara_failsafes", "remove from cara_failsafes"]
        )
        let keys = try maps.entries(of: Maps.failsafes).map(\.key)
        #expect(keys.map(\.prefixlen) == [32 + 96 + 8])
        #expect(keys.map { UInt16(bigEndian: $0.port) } == [2222])
        #expect(try generation(UInt32(CARA_SLOT_HOSTS)) > before)
    }
}

/// `no_failsafe` rules ports out, so that it must not rule one out that the map has, at no time.
@Suite
struct NoFailsafeTests {
    /// Whether the settings rule `port` out.
    private static func isRuledOut(_ port: UInt16, _ direction: UInt8, _ settings: cara_settings)
        -> Bool
    {
        withUnsafeBytes(of: settings.no_failsafe) { bytes in
            let bit = Int(port % 256)
            let word = bytes.load(
                fromByteOffset: (Int(direction) * 4 + bit / 64) * 8,
                as: UInt64.self
            )
            return word >> UInt64(bit % 64) & 1 != 0
        }
    }

    private static func some(_ random: inout SeededRandom) -> Set<Failsafe> {
        Set(
            (0..<Int.random(in: 0...6, using: &random)).map { _ in
                Failsafe(
                    random.oneIn(2) ? .ingress : .egress,
                    random.pick([.tcp, .udp]),
                    random.pick([22, 53, 63, 64, 278, 319, 6443, 65535]),
                    net: random.oneIn(3) ? .v4(0x0a00_0000, 8) : nil
                )
            }
        )
    }

    @Test("a port of the map is ruled out after no write", arguments: 0..<30)
    func order(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let maps = MemoryMaps()
        var reconciler = try Reconciler(maps: maps)
        var held: [[UInt8]: cara_failsafe_key] = [:]
        var settings = cara_settings()
        for _ in 0..<6 {
            maps.forgetWrites()
            try reconciler.apply(Settings(failsafes: Self.some(&random)))
            for write in maps.writes {
                if write.map == .settings, let value = write.value {
                    settings = value.withUnsafeBytes { $0.loadUnaligned(as: cara_settings.self) }
                } else if write.map == .failsafes {
                    held[write.key] = write.value.map { _ in
                        write.key.withUnsafeBytes { $0.loadUnaligned(as: cara_failsafe_key.self) }
                    }
                }
                for key in held.values {
                    #expect(!Self.isRuledOut(UInt16(bigEndian: key.port), key.direction, settings))
                }
            }
        }
    }

    @Test("every port that looks like no failsafe of its direction is ruled out")
    func rests() {
        let settings = cara_settings(Settings())
        for port in UInt16.min...UInt16.max {
            for (direction, code) in [(Direction.ingress, CARA_INGRESS), (.egress, CARA_EGRESS)] {
                let isLike = Failsafe.defaults.contains {
                    $0.direction == direction && $0.port % 256 == port % 256
                }
                let isOut = Self.isRuledOut(
                    port,
                    UInt8(truncatingIfNeeded: code.rawValue),
                    settings
                )
                guard isOut != isLike else {
                    Issue.record("\(direction) port \(port): \(isOut)")
                    return
                }
            }
        }
    }
}
