import JSON
import Model
import Resources
import Testing

@Suite
struct PodTests {
    private static let id = EndpointID.workload(node: "n1", workload: "red/p", endpoint: "eth0")

    private static func pod(_ change: (inout JSONValue) -> Void = { _ in }) -> Resource {
        var value: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "p", "namespace": "red", "labels": ["app": "web"]],
            "spec": [
                "nodeName": "n1", "serviceAccountName": "sa",
                "containers": [
                    ["ports": [["name": "http", "containerPort": 80], ["containerPort": 81]]]
                ],
                "initContainers": [
                    [
                        "restartPolicy": "Always",
                        "ports": [["name": "dns", "containerPort": 53, "protocol": "UDP"]],
                    ],
                    ["ports": [["name": "early", "containerPort": 1]]],
                ],
            ],
            "status": [
                "phase": "Running", "podIP": "10.0.0.1",
                "podIPs": [["ip": "10.0.0.1"], ["ip": "fd00::1"]],
            ],
        ]
        change(&value)
        return Resource(value)
    }

    private static func addresses(_ texts: String...) -> [Address] {
        texts.compactMap { Address($0) }
    }

    @Test("a running pod is an endpoint with the labels that Calico adds")
    func running() throws {
        let endpoint = Endpoint(
            id: Self.id,
            labels: [
                "app": "web", "projectcalico.org/namespace": "red",
                "projectcalico.org/orchestrator": "k8s", "projectcalico.org/serviceaccount": "sa",
            ],
            profiles: ["kns.red", "ksa.red.sa"],
            addresses: Self.addresses("10.0.0.1", "fd00::1"),
            ports: [
                NamedPort(name: "http", protocol: .tcp, port: 80),
                NamedPort(name: "dns", protocol: .udp, port: 53),
            ],
            // The first eleven digits of SHA-1("red.p").
            interface: "calif154eb70baa"
        )
        #expect(try convert(Self.pod()) == [.endpoint(Self.id, endpoint)])
    }

    @Test("the plugin's annotation goes before the status")
    func annotated() throws {
        let pod = Self.pod { pod in
            pod["metadata"]?["annotations"] = [
                "cni.projectcalico.org/podIPs": "10.0.0.9/32,fd00::9/128",
                "cni.projectcalico.org/podIP": "10.0.0.9/32",
                "cni.projectcalico.org/hwAddr": "02:00:00:00:00:01",
                "cni.projectcalico.org/allowedSourcePrefixes": "[\"192.0.2.0/24\"]",
            ]
        }
        guard case .endpoint(_, let endpoint?) = try convert(pod).first else {
            Issue.record("no endpoint")
            return
        }
        #expect(endpoint.addresses == Self.addresses("10.0.0.9", "fd00::9"))
        #expect(endpoint.mac?.description == "02:00:00:00:00:01")
        #expect(endpoint.allowedSourcePrefixes == [Prefix("192.0.2.0/24")].compactMap { $0 })
    }

    struct Absent: CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout JSONValue) -> Void
    }

    @Test(
        "pods that are no endpoint",
        arguments: [
            Absent(testDescription: "finished") { $0["status"]?["phase"] = "Succeeded" },
            Absent(testDescription: "failed") { $0["status"]?["phase"] = "Failed" },
            Absent(testDescription: "on the host's network") { $0["spec"]?["hostNetwork"] = true },
            Absent(testDescription: "without an address yet") {
                $0["status"] = ["phase": "Pending"]
            },
            Absent(testDescription: "whose address was released") {
                $0["metadata"]?["annotations"] = ["cni.projectcalico.org/podIPs": ""]
            },
        ]
    )
    func absent(_ testCase: Absent) throws {
        #expect(try convert(Self.pod(testCase.change)) == [.endpoint(Self.id, nil)])
    }

    @Test("a pod without a node is nothing yet")
    func unscheduled() throws {
        let pod = Self.pod { $0["spec"]?["nodeName"] = nil }
        #expect(try convert(pod).isEmpty)
        #expect(removal(of: pod).isEmpty)
    }

    @Test("a long service account name is no label")
    func longAccount() throws {
        let name = String(repeating: "s", count: 63)
        let pod = Self.pod { $0["spec"]?["serviceAccountName"] = .string(name) }
        guard case .endpoint(_, let endpoint?) = try convert(pod).first else {
            Issue.record("no endpoint")
            return
        }
        #expect(endpoint.labels["projectcalico.org/serviceaccount"] == nil)
        #expect(endpoint.profiles == ["kns.red", "ksa.red.\(name)"])
    }
}
