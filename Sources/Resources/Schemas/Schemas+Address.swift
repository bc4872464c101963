import JSON

// Inventory §2.2: pools, reservations and the state of IPAM.

extension Schemas {
    static let ipPool: Shape = [
        "cidr!": .text(.net),
        "vxlanMode": .words("Never", "Always", "CrossSubnet"),
        "ipipMode": .words("Never", "Always", "CrossSubnet"),
        "natOutgoing": .bool,
        "disabled": .bool,
        "disableBGPExport": .bool,
        "blockSize": .anyInteger,
        "nodeSelector": .text(.selector),
        "namespaceSelector": .text(.selector),
        "allowedUses": .list(.exactWords("Workload", "Tunnel", "LoadBalancer")),
        "assignmentMode": .exactWords("Automatic", "Manual"),
    ]

    static let ipReservation: Shape = ["reservedCIDRs": .texts(.cidr)]

    static let ipamConfiguration: Shape = [
        "strictAffinity": .bool,
        "maxBlocksPerHost": .integer(0...1_000_000),
        "autoAllocateBlocks": .bool,
        "kubeVirtVMAddressPersistence": .exactWords("Enabled", "Disabled"),
        "ipCooldownSeconds": .integer(0...1200),
    ]

    private static let affinity = TextFormat("host:<node> or virtual:<name>") { text in
        let parts = text.split(separator: ":", maxSplits: 1)
        return parts.count == 2 && (parts[0] == "host" || parts[0] == "virtual")
    }

    static let ipamBlock: Shape = [
        "cidr!": .text(.net),
        "affinity": .text(affinity),
        "affinityClaimTime": .string,
        "allocations": .list(
            .scalar(ScalarFormat("an index or null") { $0.isNull || ($0.int ?? -1) >= 0 })
        ),
        "unallocated": .list(.count),
        "attributes": .list([
            "handle_id": .string,
            "secondary": .map(keys: .any, values: .string),
            "alternateOwnerAttrs": .map(keys: .any, values: .string),
            "releasedAt": .string,
        ]),
        "sequenceNumber": .count,
        "sequenceNumberForAllocation": .map(keys: .any, values: .count),
        "deleted": .bool,
        "strictAffinity": .bool,
    ]

    private static let notDeleted = ScalarFormat("false: only the controller deletes affinities") {
        $0.bool == false || $0.string == "false" || $0.string == ""
    }

    static let blockAffinity: Shape = [
        "state": .words("pending", "confirmed", "pendingDeletion"),
        "node!": .string,
        "type": .words("host", "virtual"),
        "cidr!": .text(.net),
        // A string in Calico's CRD, a boolean in its API.
        "deleted": .scalar(notDeleted),
    ]

    static let ipamHandle: Shape = [
        "handleID!": .string,
        "block": .map(keys: .cidr, values: .count),
        "deleted": .bool,
    ]
}
