import BPF
import Glibc
import Support
import Testing

@testable import Dataplane

@Suite
struct LayoutTests {
    @Test(
        "a pin's name tells program and interface",
        arguments: [
            ("from_workload-12-cali0", ProgramName.fromWorkload, 12 as UInt32),
            ("to_host-3-eth0_1", .toHost, 3), ("to_host-3-a-b", .toHost, 3),
        ]
    )
    func names(name: String, program: ProgramName, ifindex: UInt32) {
        let parsed = Layout.parse(name)
        #expect(parsed?.program == program)
        #expect(parsed?.ifindex == ifindex)
    }

    @Test(
        "other files among the pins are nobody's",
        arguments: ["x", "from_host", "from_host-x-y"]
    )
    func otherNames(name: String) {
        #expect(Layout.parse(name) == nil)
    }

    @Test(
        "the file system is mounted where there is none",
        .enabled(if: TestPlatform.hasNamespaces)
    )
    func mounts() throws {
        let layout = Layout(root: "/run/caracal_layout_\(getpid())")
        defer {
            umount2(layout.root, 0)
            rmdir(layout.root)
        }
        #expect(!FileSystem.isMounted(at: layout.root))
        try layout.prepare()
        try layout.prepare()
        #expect(FileSystem.isMounted(at: layout.root))
        #expect(layout.pinnedLinks().isEmpty)
    }

    @Test("a place where no file system can be is named")
    func refuses() {
        #expect {
            try Layout(root: "/proc/caracal").prepare()
        } throws: { error in
            "\(error)".hasPrefix("a BPF file system at /proc/caracal is missing: ")
        }
    }
}
