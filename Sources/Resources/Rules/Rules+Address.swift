import JSON
import Model

// Inventory §2.2: pools and IPAM.

extension Rules {
    @Sendable static func ipPool(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        encapsulation(spec, &findings)
        allowedUses(spec, &findings)
        guard let text = spec.text("cidr"), let cidr = Prefix(text) else { return }
        if cidr.family == .v6, isEncapsulating(spec["ipipMode"]) {
            findings.refuse("spec.ipipMode", spec["ipipMode"], "an IPv6 pool cannot use IPIP")
        }
        let linkLocal = ["169.254.0.0/16", "fe80::/10"].compactMap { Prefix($0) }
        if let other = linkLocal.first(where: { $0.overlaps(cidr) }) {
            findings.refuse("spec.cidr", .string(text), "overlaps the link-local range \(other)")
        }
        blockSize(spec, cidr, &findings)
    }

    private static func isEncapsulating(_ mode: JSONValue?) -> Bool {
        mode == "Always" || mode == "CrossSubnet"
    }

    private static func encapsulation(_ spec: JSONValue, _ findings: inout Findings) {
        if isEncapsulating(spec["ipipMode"]), isEncapsulating(spec["vxlanMode"]) {
            findings.refuse("spec.vxlanMode", spec["vxlanMode"], "ipipMode is enabled already")
        }
    }

    private static func blockSize(
        _ spec: JSONValue,
        _ cidr: Prefix,
        _ findings: inout Findings
    ) {
        let allowed: ClosedRange<Int64> = cidr.family == .v4 ? 20...32 : 116...128
        var size: Int64 = cidr.family == .v4 ? 26 : 122
        if let given = spec["blockSize"]?.int, given != 0 { size = given }
        guard allowed.contains(size) else {
            findings.refuse(
                "spec.blockSize",
                spec["blockSize"],
                "expected \(allowed.lowerBound) to \(allowed.upperBound) for such a pool"
            )
            return
        }
        if cidr.length > size, !spec.flag("disabled") {
            findings.refuse(
                "spec.cidr",
                spec["cidr"],
                "smaller than one block of the pool, a /\(size)"
            )
        }
    }

    private static func allowedUses(_ spec: JSONValue, _ findings: inout Findings) {
        let uses = spec["allowedUses"]?.array ?? []
        if uses.contains("Tunnel"), spec.text("namespaceSelector") != nil {
            findings.refuse(
                "spec.namespaceSelector",
                spec["namespaceSelector"],
                "not allowed for a pool with use Tunnel"
            )
        }
        guard uses.contains("LoadBalancer") else { return }
        if uses.contains(where: { $0 != "LoadBalancer" }) {
            findings.refuse(
                "spec.allowedUses",
                spec["allowedUses"],
                "LoadBalancer excludes other uses"
            )
        }
        for mode in ["ipipMode", "vxlanMode"] where isEncapsulating(spec[mode]) {
            findings.refuse(
                "spec.\(mode)",
                spec[mode],
                "a LoadBalancer pool cannot be encapsulated"
            )
        }
        if let selector = spec.text("nodeSelector"), selector != "all()" {
            findings.refuse(
                "spec.nodeSelector",
                spec["nodeSelector"],
                "must be all() for a LoadBalancer pool"
            )
        }
        if spec.flag("disableBGPExport") {
            findings.refuse(
                "spec.disableBGPExport",
                true,
                "not allowed for a LoadBalancer pool"
            )
        }
    }

    @Sendable static func ipamConfiguration(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        let isStrict = spec.flag("strictAffinity")
        if !isStrict, spec["autoAllocateBlocks"]?.bool == false {
            findings.refuse(
                "spec.autoAllocateBlocks",
                false,
                "must be true when strictAffinity is false"
            )
        }
        if !isStrict, let limit = spec["maxBlocksPerHost"]?.int, limit > 0 {
            findings.refuse(
                "spec.maxBlocksPerHost",
                spec["maxBlocksPerHost"],
                "needs strictAffinity"
            )
        }
    }
}
