import JSON
import Model
import Resources
import Support
import Testing

/// Objects with one part put out of shape: conversion may refuse them, and must not trap.
@Suite
struct FaultTests {
    private static let seed: UInt64 = 20_261_121

    private static let junk: [JSONValue] = [
        .null, true, -1, 70000, 1.5, "", "x", "(", "10.0.0.0/33", "9:1", [], [.null], [:], ["a": 1],
    ]

    private static func object(_ apiVersion: String, _ kind: String, _ body: JSONValue) -> JSONValue
    {
        var value: JSONValue = [
            "apiVersion": .string(apiVersion), "kind": .string(kind),
            "metadata": [
                "name": "x", "namespace": "red", "labels": ["a": "b"], "annotations": [:],
            ],
        ]
        for (key, member) in body.object?.members ?? [] { value[key] = member }
        return value
    }

    private static let end: JSONValue = [
        "nets": ["10.0.0.0/8"], "notNets": ["10.1.0.0/16"], "selector": "has(a)",
        "notSelector": "a == 'b'", "namespaceSelector": "all()", "ports": [80, "1:2", "http"],
        "notPorts": [81], "serviceAccounts": ["names": ["s"], "selector": "has(r)"],
        "services": ["name": "s", "namespace": "n"],
    ]
    private static let rule: JSONValue = [
        "action": "Allow", "protocol": "TCP", "notProtocol": 17, "ipVersion": 4,
        "icmp": ["type": 8, "code": 0], "source": end, "destination": end,
        "metadata": ["annotations": ["a": "b"]],
    ]
    private static let labelSelector: JSONValue = [
        "matchLabels": ["a": "b"],
        "matchExpressions": [["key": "c", "operator": "In", "values": ["d"]]],
    ]

    private static let objects: [JSONValue] = [
        object(
            "projectcalico.org/v3",
            "NetworkPolicy",
            ["spec": ["order": 1, "types": ["Ingress"], "ingress": [rule], "egress": [rule]]]
        ),
        object(
            "projectcalico.org/v3",
            "HostEndpoint",
            [
                "spec": [
                    "node": "n", "expectedIPs": ["::1"], "ports": [["name": "p", "port": 1]],
                    "profiles": ["p"],
                ]
            ]
        ),
        object(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            [
                "spec": [
                    "podSelector": labelSelector, "policyTypes": ["Ingress"],
                    "ingress": [
                        [
                            "from": [
                                ["podSelector": labelSelector],
                                ["ipBlock": ["cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]]],
                            ],
                            "ports": [["port": 1, "endPort": 9, "protocol": "UDP"]],
                        ]
                    ],
                ]
            ]
        ),
        object(
            "policy.networking.k8s.io/v1alpha2",
            "ClusterNetworkPolicy",
            [
                "spec": [
                    "tier": "Admin", "priority": 1, "subject": ["namespaces": labelSelector],
                    "egress": [
                        [
                            "action": "Deny", "to": [["networks": ["10.0.0.0/8"]]],
                            "protocols": [["tcp": ["destinationPort": ["number": 1]]]],
                        ]
                    ],
                ]
            ]
        ),
        object(
            "v1",
            "Pod",
            [
                "spec": [
                    "nodeName": "n",
                    "containers": [["ports": [["name": "p", "containerPort": 1]]]],
                ],
                "status": ["podIPs": [["ip": "10.0.0.1"]]],
            ]
        ),
        object(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            ["endpoints": [["addresses": ["10.0.0.1"]]], "ports": [["port": 1]]]
        ),
    ]

    @Test("a broken part is refused or left out, never a trap", arguments: objects.indices)
    func broken(_ index: Int) throws {
        var generator = SeededRandom(seed: Self.seed &+ UInt64(index))
        for round in 0..<400 {
            var value = Self.objects[index]
            Self.spoil(&value, &generator)
            let resource = Resource(value)
            let removed = removal(of: resource)
            guard let updates = try? convert(resource) else { continue }
            #expect(
                updates.map(\.withoutValue) == removed || updates.isEmpty,
                "seed \(Self.seed), object \(index), round \(round): \(value)"
            )
        }
    }

    /// Puts junk in one place, chosen by walking down at random.
    private static func spoil(_ value: inout JSONValue, _ generator: inout SeededRandom) {
        let goesDown = !generator.oneIn(8)
        if goesDown, let key = value.object?.keys.randomElement(using: &generator) {
            guard var member = value[key] else { return }
            spoil(&member, &generator)
            value[key] = member
        } else if goesDown, var elements = value.array,
            let index = elements.indices.randomElement(using: &generator)
        {
            spoil(&elements[index], &generator)
            value = .array(elements)
        } else {
            value = generator.pick(junk)
        }
    }
}
