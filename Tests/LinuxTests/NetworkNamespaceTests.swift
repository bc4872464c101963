import CLinux
import Glibc
import Linux
import Support
import Testing

@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
struct NetworkNamespaceTests {
    private func name(_ suffix: String) -> String { "caralt-\(getpid())-\(suffix)" }

    @Test("a body runs inside, and the caller stays outside")
    func runs() throws {
        let name = name("run")
        let namespace = try NetworkNamespace.create(named: name)
        defer { try? NetworkNamespace.delete(named: name) }
        let before = try NetworkNamespace.current().identity()
        let inside = try namespace.run { try NetworkNamespace.current().identity() }
        let after = try NetworkNamespace.current().identity()
        let own = try namespace.identity()
        #expect(inside == own)
        #expect(before == after)
        #expect(inside != before)
    }

    @Test("what the body throws arrives")
    func throwing() throws {
        let name = name("throw")
        let namespace = try NetworkNamespace.create(named: name)
        defer { try? NetworkNamespace.delete(named: name) }
        #expect(throws: LinuxError(call: "here", errno: EXDEV)) {
            try namespace.run { throw LinuxError(call: "here", errno: EXDEV) }
        }
    }

    @Test("sysctls below net are the namespace's own")
    func sysctl() throws {
        let name = name("sysctl")
        let namespace = try NetworkNamespace.create(named: name)
        defer { try? NetworkNamespace.delete(named: name) }
        let outside = try Sysctl.read("net/ipv4/ip_default_ttl")
        try namespace.run { try Sysctl.write("77", to: "net/ipv4/ip_default_ttl") }
        let inside = try namespace.run { try Sysctl.read("net/ipv4/ip_default_ttl") }
        let outsideAfter = try Sysctl.read("net/ipv4/ip_default_ttl")
        #expect(inside == "77")
        #expect(outside == outsideAfter)
    }

    @Test("a name is taken once, deleted twice, and free again")
    func names() throws {
        let name = name("names")
        _ = try NetworkNamespace.create(named: name)
        let path = "/run/netns/\(name)"
        #expect(throws: LinuxError(call: "open", object: path, errno: EEXIST)) {
            _ = try NetworkNamespace.create(named: name)
        }
        let opened = try NetworkNamespace.open(named: name).identity()
        let current = try NetworkNamespace.current().identity()
        #expect(opened != current)
        try NetworkNamespace.delete(named: name)
        try NetworkNamespace.delete(named: name)
        #expect(access(path, F_OK) == -1)
    }

    @Test("a name that leaves the directory is refused", arguments: ["", ".", "..", "a/b", "../x"])
    func badNames(_ name: String) {
        let refused = LinuxError(call: "network namespace name", object: name, errno: EINVAL)
        #expect(throws: refused) { try NetworkNamespace.delete(named: name) }
        #expect(throws: refused) { _ = try NetworkNamespace.create(named: name) }
    }

    @Test("what is no network namespace is refused", arguments: ["/proc/self/ns/mnt", "/dev/null"])
    func noNamespace(_ path: String) {
        #expect(throws: LinuxError.self) { _ = try NetworkNamespace(path: path) }
    }

    @Test("a process's namespace is found by its number")
    func process() throws {
        let byNumber = try NetworkNamespace(process: getpid()).identity()
        let current = try NetworkNamespace.current().identity()
        #expect(byNumber == current)
    }
}
