import Resources
import Testing

@Suite("Kinds")
struct KindTests {
    @Test(
        "what people type",
        arguments: [
            ("GlobalNetworkPolicy", "GlobalNetworkPolicy.projectcalico.org"),
            ("globalnetworkpolicies", "GlobalNetworkPolicy.projectcalico.org"),
            ("gnp", "GlobalNetworkPolicy.projectcalico.org"),
            ("GNP", "GlobalNetworkPolicy.projectcalico.org"),
            ("gnp.projectcalico.org", "GlobalNetworkPolicy.projectcalico.org"),
            ("networkpolicy", "NetworkPolicy.projectcalico.org"),
            ("networkpolicy.networking.k8s.io", "NetworkPolicy.networking.k8s.io"),
            ("networkpolicies.v1.networking.k8s.io", "NetworkPolicy.networking.k8s.io"),
            ("knp", "NetworkPolicy.networking.k8s.io"),
            ("node", "Node.projectcalico.org"), ("node.core", "Node"), ("nodes.v1.core", "Node"),
            ("pods", "Pod"), ("po", "Pod"), ("ns", "Namespace"), ("svc", "Service"),
            ("sa", "ServiceAccount"), ("kcc", "KubeControllersConfiguration.projectcalico.org"),
            ("ippools", "IPPool.projectcalico.org"),
            ("blockaffinities", "BlockAffinity.projectcalico.org"),
            ("clusternetworkpolicy", "ClusterNetworkPolicy.policy.networking.k8s.io"),
        ]
    )
    func names(typed: String, type: String) {
        #expect(ResourceKind(named: typed)?.type.description == type)
    }

    @Test(
        "what is no kind",
        arguments: ["", ".", "x", "pod.projectcalico.org", "gnp.", "nodes.v2.core"]
    )
    func unknown(typed: String) {
        #expect(ResourceKind(named: typed) == nil)
    }

    @Test("every kind is found by each of its names with its group")
    func everyName() {
        for kind in ResourceKind.all {
            let group = kind.type.group.isEmpty ? "core" : kind.type.group
            for name in [kind.type.kind, kind.singular, kind.plural] + kind.shortNames {
                #expect(ResourceKind(named: "\(name).\(group)") == kind)
            }
            #expect(ResourceKind(kind.type) == kind)
        }
    }

    @Test("Calico's kinds are all there")
    func count() {
        #expect(ResourceKind.all.count { $0.type.group == "projectcalico.org" } == 26)
    }
}
