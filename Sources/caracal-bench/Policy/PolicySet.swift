import JSON
import Model
import Resources

/// Policies as a company with many services writes them: for each service one policy of ten rules a
/// direction, by labels, nets, network sets and ports, and pods to go with them.
///
/// All policies select `role == 'gateway'`. There are always as many pods: with fewer policies, each
/// names more of them.
struct PolicySet {
    static let rulesEach = 10
    static let podCount = 4000

    /// How many policies, 1 to 1,000.
    let count: Int
    /// How many different ports services listen on: with 4, ten thousand rules fit a table of
    /// verdicts, with 16 they become bitmaps.
    var portCount = 4

    /// The service that pod `number` belongs to, which policy `service` names.
    func service(ofPod number: Int) -> Int { number % count }

    /// 10.128.0.1 and on.
    static func address(ofPod number: Int) -> Address { Address(v4: 0x0a80_0001 + UInt32(number)) }

    func labels(ofPod number: Int) -> [String: String] {
        let service = service(ofPod: number)
        return [
            "svc": "s\(service)", "team": "t\(service % 40)", "zone": "z\(service % 3)",
            "track": number / count % 2 == 0 ? "stable" : "canary",
        ]
    }

    /// A port that the policy of the service allows its pods by TCP, and one by UDP.
    func port(ofService service: Int) -> UInt16 { 8000 + UInt16(service % portCount) }
    func datagramPort(ofService service: Int) -> UInt16 { 5300 + UInt16(service % 4) }

    // MARK: Objects

    /// The pods of the cluster and the policies, as the compiler takes them in.
    func updates() throws -> [Update] {
        let pods = (0..<Self.podCount).map { number in
            let id = EndpointID.workload(
                node: "node\(number / 100 + 2)",
                workload: "default/pod-\(number)",
                endpoint: "eth0"
            )
            let endpoint = Endpoint(
                id: id,
                labels: labels(ofPod: number),
                addresses: [Self.address(ofPod: number)]
            )
            return Update.endpoint(id, endpoint)
        }
        return [.tier("default", Tier(name: "default", order: 1_000_000))] + pods
            + (try resources.flatMap { try convert($0) })
    }

    /// The policies, and the network sets that they name.
    var resources: [Resource] {
        (0..<count).flatMap { [networkSet($0), policy($0)] }
    }

    /// Network sets with the labels and the addresses of pods, where a cluster of so many is too much:
    /// one for each kind of pod of each service.
    var podSets: [Resource] {
        (0..<2 * count).map { number in
            let nets = stride(from: number, to: Self.podCount, by: 2 * count).map {
                JSONValue.string("\(Self.address(ofPod: $0))/32")
            }
            return Resource(
                .calico("GlobalNetworkSet"),
                version: "v3",
                name: "pods-\(number)",
                labels: labels(ofPod: number),
                spec: ["nets": .array(nets)]
            )
        }
    }

    /// Four nets out of 198.18.0.0/15, which is for benchmarks (RFC 2544).
    private func networkSet(_ number: Int) -> Resource {
        let nets = (0..<4).map { "198.18.\(number / 4).\(number % 4 * 64 + $0 * 16)/28" }
        return Resource(
            .calico("GlobalNetworkSet"),
            version: "v3",
            name: "partner-\(number)",
            labels: ["set": "partner-\(number)"],
            spec: ["nets": .array(nets.map { .string($0) })]
        )
    }

    private func policy(_ number: Int) -> Resource {
        let rules = rules(number)
        return Resource(
            .calico("GlobalNetworkPolicy"),
            version: "v3",
            name: "service-\(number)",
            spec: [
                "tier": "default", "order": .int(Int64(100 + number)),
                "selector": "role == 'gateway'", "types": ["Ingress", "Egress"],
                "ingress": .array(rules.map { $0.json(.ingress) }),
                "egress": .array(rules.map { $0.json(.egress) }),
            ]
        )
    }

    private func rules(_ number: Int) -> [RuleText] {
        let service = "svc == 's\(number)'"
        let pair = "svc in { 's\(number)', 's\((number + 1) % count)' }"
        let (high, low) = (number / 256, number % 256)
        return [
            .allow("TCP", .selector(service), "\(port(ofService: number))"),
            .allow("TCP", .selector("\(service) && track == 'stable'"), "9090", "9100:9110"),
            .allow("UDP", .selector(service), "\(datagramPort(ofService: number))"),
            .deny("TCP", .selector(service), "22", "23"),
            .allow(
                "TCP",
                .selector("team == 't\(number % 40)' && zone == 'z\(number % 3)'"),
                "443"
            ),
            .allow("TCP", .net("172.2\(high).\(low).0/28"), "443", "8443"),
            .deny(nil, .net("172.24.\(number % 50).0/24")),
            .allow("TCP", .selector("set == 'partner-\(number % 250)'"), "443"),
            .allow("ICMP", .selector(service)),
            .allow("TCP", .selector(pair), "5432", "6379"),
        ]
    }
}
