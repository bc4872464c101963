import Cluster
import Datastore
import Foundation
import JSON
import Resources

/// Policies that benches put in force, written straight to the store.
struct Policies {
    let store: any Datastore

    /// Deny all ingress last, allow egress, allow from `role == 'client'` to `app == 'web'`.
    func applyUsual() async throws {
        try await apply(
            global("deny-ingress", order: 1000, "all()", "Ingress", [["action": "Deny"]])
        )
        try await apply(
            global("allow-egress", order: 500, "all()", "Egress", [["action": "Allow"]])
        )
        try await apply(
            global(
                "allow-web",
                order: 100,
                "app == 'web'",
                "Ingress",
                [
                    ["action": "Allow", "source": ["selector": "role == 'client'"]]
                ]
            )
        )
    }

    /// That many policies of one rule each, all of which select `app == 'web'`.
    func applyMany(_ count: Int) async throws {
        for index in 0..<count {
            let rule: JSONValue = [
                "action": "Allow", "protocol": "TCP",
                "source": ["selector": .string("tenant == 't\(index)'")],
                "destination": ["ports": [.int(Int64(1024 + index))]],
            ]
            try await apply(
                global(
                    "many-\(index)",
                    order: 200 + Int64(index),
                    "app == 'web'",
                    "Ingress",
                    [rule]
                )
            )
        }
    }

    /// Creates or replaces one object.
    func apply(_ resource: Resource) async throws {
        do {
            _ = try await store.create(resource)
        } catch DatastoreError.alreadyExists {
            _ = try await store.update(resource)
        }
    }

    private func global(
        _ name: String,
        order: Int64,
        _ selector: String,
        _ type: String,
        _ rules: [JSONValue]
    ) -> Resource {
        Resource(
            .calico("GlobalNetworkPolicy"),
            version: "v3",
            name: name,
            spec: [
                "tier": "default", "order": .int(order), "selector": .string(selector),
                "types": [.string(type)],
                type == "Ingress" ? "ingress" : "egress": .array(rules),
            ]
        )
    }
}
