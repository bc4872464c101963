import Glibc
import Linux
import Model
import Netlink
import PodNetwork
import Support
import Testing

@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
struct PodNetworkTests {
    struct Stack: CustomTestStringConvertible {
        let testDescription: String
        let a: [String]
        let b: [String]
    }

    static let stacks = [
        Stack(testDescription: "IPv4", a: ["10.65.0.1"], b: ["10.65.0.2"]),
        Stack(testDescription: "IPv6", a: ["fd00:65::1"], b: ["fd00:65::2"]),
        Stack(
            testDescription: "both",
            a: ["10.65.0.1", "fd00:65::1"],
            b: ["10.65.0.2", "fd00:65::2"]
        ),
    ]

    @Test("two pods reach each other and their node", arguments: stacks)
    func traffic(_ stack: Stack) throws {
        let node = try TestNode()
        try node.addAddresses(["192.0.2.1", "2001:db8::1"])
        let a = try node.pod("a", stack.a)
        let b = try node.pod("b", stack.b)
        try node.run(a)
        try node.run(b)
        let insideA = try NetworkNamespace(path: a.namespacePath)
        let insideB = try NetworkNamespace(path: b.namespacePath)
        for (there, back) in zip(b.addresses, a.addresses) {
            let forth = try Datagram.passes(from: insideA, to: insideB, at: there)
            let reply = try Datagram.passes(from: insideB, to: insideA, at: back)
            let fromNode = try Datagram.passes(from: node.namespace, to: insideA, at: back)
            #expect(forth && reply && fromNode, "\(there), \(back)")
        }
        try node.namespace.run {
            try PodNetwork.check(a)
            try PodNetwork.check(b)
        }
    }

    @Test("nothing passes between the two steps")
    func silence() throws {
        let node = try TestNode()
        let a = try node.pod("a", ["10.65.0.1"])
        let link = try node.namespace.run { try PodNetwork.setUp(a) }
        let inside = try NetworkNamespace(path: a.namespacePath)
        try node.addAddresses(["192.0.2.1"])
        let hostAddress = try #require(Address("192.0.2.1"))

        func passes(_ timeout: Duration) throws -> Bool {
            try Datagram.passes(
                from: inside,
                to: node.namespace,
                at: hostAddress,
                timeout: timeout
            )
        }
        let before = try passes(.milliseconds(50))
        #expect(!before)
        #expect(throws: PodNetworkError.mismatch("\(a.hostName) is down")) {
            try node.namespace.run { try PodNetwork.check(a) }
        }
        try node.namespace.run { try PodNetwork.activate(link, a) }
        let after = try passes(.seconds(5))
        #expect(after)
    }

    @Test("the host end has Calico's parameters, the pod's its MTU and MAC")
    func parameters() throws {
        let node = try TestNode()
        var pod = try node.pod("a", ["10.65.0.1", "fd00:65::1"], mtu: 1410)
        pod.podMAC = MAC("02:00:00:00:00:0a")
        let link = try node.run(pod)
        let name = pod.hostName
        let expected = [
            "ipv4/conf/\(name)/route_localnet": "1", "ipv4/conf/\(name)/proxy_arp": "1",
            "ipv4/conf/\(name)/forwarding": "1", "ipv4/neigh/\(name)/proxy_delay": "0",
            "ipv6/conf/\(name)/accept_dad": "0", "ipv6/conf/\(name)/disable_ipv6": "0",
            "ipv6/conf/\(name)/proxy_ndp": "1", "ipv6/conf/\(name)/forwarding": "1",
            "ipv6/conf/\(name)/accept_ra": "0",
        ]
        for (path, value) in expected {
            let found = try node.namespace.run { try Sysctl.read("net/\(path)") }
            #expect(found == value, "\(path)")
        }
        let inside = try NetworkNamespace(path: pod.namespacePath)
        let forwards = try inside.run { try Sysctl.read("net/ipv4/ip_forward") }
        #expect(forwards == "0")
        var socket = try NetlinkSocket(in: inside)
        let eth0 = try #require(try socket.link(named: "eth0"))
        #expect(eth0.mtu == 1410 && eth0.mac == pod.podMAC && eth0.index == link.podIndex)
        #expect(link.podMAC == pod.podMAC && link.hostMAC == MAC("ee:ee:ee:ee:ee:ee"))
        let neighbours = try socket.neighbours(.v4).filter(\.isPermanent)
        #expect(neighbours.map(\.address) == [Address("169.254.1.1")])
    }

    @Test("setting up twice does nothing more, and talk goes on")
    func idempotent() throws {
        let node = try TestNode()
        let pod = try node.pod("a", ["10.65.0.1", "fd00:65::1"])
        let first = try node.run(pod)
        let second = try node.namespace.run { try PodNetwork.setUp(pod) }
        #expect(first == second)
        try node.namespace.run { try PodNetwork.check(pod) }
        let again = try node.run(pod)
        #expect(again == first)
    }

    @Test("a host end left over from another pod is replaced")
    func stale() throws {
        let node = try TestNode()
        let old = try node.pod("a", ["10.65.0.1"])
        try node.run(old)
        var new = old
        new.namespacePath = try node.addNamespace()
        try node.run(new)
        try node.namespace.run { try PodNetwork.check(new) }
        #expect(throws: PodNetworkError.self) {
            try node.namespace.run { try PodNetwork.check(old) }
        }
    }

    @Test("an eth0 of somebody else's is left alone")
    func foreign() throws {
        let node = try TestNode()
        let pod = try node.pod("a", ["10.65.0.1"])
        let inside = try NetworkNamespace(path: pod.namespacePath)
        var socket = try NetlinkSocket(in: inside)
        try socket.createVeth(VethPair(name: "eth0", peerName: "other"))
        let expected = PodNetworkError.interfaceExists(name: "eth0", namespace: pod.namespacePath)
        #expect(throws: expected) { try node.run(pod) }
        let links = try node.links()
        let eth0 = try socket.link(named: "eth0")
        #expect(links == ["lo"])
        #expect(eth0 != nil)
    }

    @Test("what fails half-way leaves nothing", arguments: ["::", "ff02::1"])
    func undo(_ bad: String) throws {
        let node = try TestNode()
        let pod = try node.pod("a", ["10.65.0.1", bad])
        #expect(throws: PodNetworkError.self) { try node.run(pod) }
        let links = try node.links()
        #expect(links == ["lo"])
    }

    @Test("a namespace that is gone is an error for set-up and none for tear-down")
    func gone() throws {
        let node = try TestNode()
        var pod = try node.pod("a", ["10.65.0.1"])
        let name = "caralt-\(getpid())-gone"
        let path = "\(NetworkNamespace.directory)/\(name)"
        _ = try NetworkNamespace.create(named: name)
        pod.namespacePath = path
        try node.run(pod)
        try NetworkNamespace.delete(named: name)
        let hostName = pod.hostName
        try node.namespace.run {
            // The kernel may have taken the pair along already.
            _ = try PodNetwork.tearDown(hostName: hostName)
            let again = try PodNetwork.tearDown(hostName: hostName)
            #expect(!again)
        }
        let reason = LinuxError(call: "open", object: path, errno: ENOENT)
        #expect(throws: PodNetworkError.noNamespace(path: path, reason: reason)) {
            try node.run(pod)
        }
        pod.addresses = []
        #expect(throws: PodNetworkError.invalid("\(hostName) has no address")) { try node.run(pod) }
    }

    @Test("check says what is missing")
    func check() throws {
        let node = try TestNode()
        let pod = try node.pod("a", ["10.65.0.1", "fd00:65::1"])
        try node.run(pod)
        var host = try NetlinkSocket(in: node.namespace)
        let index = try #require(try host.link(named: pod.hostName)).index
        try host.deleteRoute(Route(to: Prefix(pod.addresses[1]), via: [NextHop(interface: index)]))
        #expect(throws: PodNetworkError.self) {
            try node.namespace.run { try PodNetwork.check(pod) }
        }
        try node.run(pod)
        var inside = try NetlinkSocket(in: NetworkNamespace(path: pod.namespacePath))
        let eth0 = try #require(try inside.link(named: "eth0")).index
        try inside.deleteAddress(InterfaceAddress(interface: eth0, address: pod.addresses[0]))
        #expect(throws: PodNetworkError.mismatch("eth0 lacks the address 10.65.0.1")) {
            try node.namespace.run { try PodNetwork.check(pod) }
        }
    }
}
