import CNI
import Testing

@Suite
struct InvocationTests {
    static let complete = [
        "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "abc-1.2_3", "CNI_NETNS": "/run/netns/x",
        "CNI_IFNAME": "eth0", "CNI_PATH": "/opt/cni/bin",
        "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID=u=1",
    ]

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let changes: [String: String]
        /// What the message must name; `nil` for success.
        let complaint: String?
    }

    static let cases: [Case] = [
        Case(testDescription: "ADD with everything", changes: [:], complaint: nil),
        Case(testDescription: "CHECK", changes: ["CNI_COMMAND": "CHECK"], complaint: nil),
        Case(
            testDescription: "DEL without a namespace",
            changes: ["CNI_COMMAND": "DEL", "CNI_NETNS": ""],
            complaint: nil
        ),
        Case(
            testDescription: "STATUS alone",
            changes: [
                "CNI_COMMAND": "STATUS", "CNI_CONTAINERID": "", "CNI_NETNS": "", "CNI_IFNAME": "",
            ],
            complaint: nil
        ),
        Case(
            testDescription: "GC alone",
            changes: ["CNI_COMMAND": "GC", "CNI_CONTAINERID": "", "CNI_IFNAME": ""],
            complaint: nil
        ),
        Case(
            testDescription: "VERSION alone",
            changes: ["CNI_COMMAND": "VERSION", "CNI_CONTAINERID": "", "CNI_IFNAME": ""],
            complaint: nil
        ),
        Case(
            testDescription: "no command",
            changes: ["CNI_COMMAND": ""],
            complaint: "CNI_COMMAND"
        ),
        Case(
            testDescription: "unknown command",
            changes: ["CNI_COMMAND": "add"],
            complaint: "CNI_COMMAND"
        ),
        Case(
            testDescription: "ADD without a namespace",
            changes: ["CNI_NETNS": ""],
            complaint: "CNI_NETNS"
        ),
        Case(
            testDescription: "CHECK without a namespace",
            changes: ["CNI_COMMAND": "CHECK", "CNI_NETNS": ""],
            complaint: "CNI_NETNS"
        ),
        Case(
            testDescription: "everything missing is named",
            changes: ["CNI_CONTAINERID": "", "CNI_IFNAME": "", "CNI_NETNS": ""],
            complaint: "CNI_CONTAINERID, CNI_IFNAME, CNI_NETNS"
        ),
        Case(
            testDescription: "container id with a slash",
            changes: ["CNI_CONTAINERID": "a/../b"],
            complaint: "CNI_CONTAINERID"
        ),
        Case(
            testDescription: "container id starting with a dot",
            changes: ["CNI_CONTAINERID": ".a"],
            complaint: "CNI_CONTAINERID"
        ),
        Case(
            testDescription: "container id that is not ASCII",
            changes: ["CNI_CONTAINERID": "añb"],
            complaint: "CNI_CONTAINERID"
        ),
        Case(
            testDescription: "interface of 15 bytes",
            changes: ["CNI_IFNAME": "abcdefghijklmno"],
            complaint: nil
        ),
        Case(
            testDescription: "interface of 16 bytes",
            changes: ["CNI_IFNAME": "abcdefghijklmnop"],
            complaint: "CNI_IFNAME"
        ),
        Case(testDescription: "interface .", changes: ["CNI_IFNAME": "."], complaint: "CNI_IFNAME"),
        Case(
            testDescription: "interface ..",
            changes: ["CNI_IFNAME": ".."],
            complaint: "CNI_IFNAME"
        ),
        Case(
            testDescription: "interface with a slash",
            changes: ["CNI_IFNAME": "a/b"],
            complaint: "CNI_IFNAME"
        ),
        Case(
            testDescription: "interface with a colon",
            changes: ["CNI_IFNAME": "a:b"],
            complaint: "CNI_IFNAME"
        ),
        Case(
            testDescription: "interface with a space",
            changes: ["CNI_IFNAME": "a b"],
            complaint: "CNI_IFNAME"
        ),
        Case(
            testDescription: "argument without =",
            changes: ["CNI_ARGS": "A=1;B"],
            complaint: "CNI_ARGS"
        ),
        Case(
            testDescription: "argument without a key",
            changes: ["CNI_ARGS": "=1"],
            complaint: "CNI_ARGS"
        ),
        Case(testDescription: "no arguments", changes: ["CNI_ARGS": ""], complaint: nil),
        Case(testDescription: "a last ;", changes: ["CNI_ARGS": "A=1;"], complaint: nil),
    ]

    @Test("the environment is checked as the specification says", arguments: cases)
    func environment(_ c: Case) {
        let environment = Self.complete.merging(c.changes) { $1 }
        do throws(CNIError) {
            let invocation = try CNIInvocation { environment[$0] }
            #expect(c.complaint == nil, "accepted: \(invocation)")
        } catch {
            #expect(error.code == .invalidEnvironment)
            #expect(error.description.contains(c.complaint ?? "no error expected"))
        }
    }

    @Test("the pod is what the arguments say")
    func pod() throws {
        let invocation = try CNIInvocation { Self.complete[$0] }
        #expect(invocation.command == .add)
        #expect(invocation.attachment?.containerID == "abc-1.2_3")
        #expect(invocation.attachment?.interface == "eth0")
        #expect(invocation.namespacePath == "/run/netns/x")
        #expect(invocation.pod?.namespace == "default")
        #expect(invocation.pod?.name == "web-0")
        #expect(invocation.podUID == "u=1")
        let alone = CNIInvocation(command: .add, arguments: ["K8S_POD_NAME": "x"])
        #expect(alone.pod == nil)
    }
}
