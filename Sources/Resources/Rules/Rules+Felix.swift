import JSON

// Inventory §2.3 and §10: FelixConfiguration.

extension Rules {
    @Sendable static func felixConfiguration(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        let name = resource.name
        if name == "default" || name.hasPrefix("node."), spec.text("nodeSelector") != nil {
            findings.refuse(
                "spec.nodeSelector",
                spec["nodeSelector"],
                "not allowed in an object of this name"
            )
        }
        if spec.has("routeTableRange"), spec.has("routeTableRanges") {
            findings.refuse(
                "spec.routeTableRange",
                spec["routeTableRange"],
                "not allowed beside routeTableRanges, which replaces it"
            )
        }
        routeTables(spec, &findings)
        openStackRegion(spec, &findings)
    }

    private static func routeTables(_ spec: JSONValue, _ findings: inout Findings) {
        if let range = spec["routeTableRange"], let (lower, upper) = bounds(range) {
            if lower < 1 || upper > 250 || lower > upper {
                findings.refuse(
                    "spec.routeTableRange",
                    range,
                    "expected min and max from 1 to 250, in order"
                )
            }
        }
        var total: Int64 = 0
        for (path, range) in spec.elements("routeTableRanges", at: "spec") {
            guard let (lower, upper) = bounds(range) else { continue }
            guard lower >= 1, lower <= upper, upper <= 0xffff_ffff else {
                findings.refuse(
                    path,
                    range,
                    "expected min and max from 1 to 4294967295, in order"
                )
                continue
            }
            total += upper - lower + 1
        }
        if total > 0xffff {
            findings.refuse(
                "spec.routeTableRanges",
                nil,
                "expected at most 65535 tables, found \(total)"
            )
        }
    }

    private static func bounds(_ range: JSONValue) -> (Int64, Int64)? {
        guard range.object != nil else { return nil }
        return (range["min"]?.int ?? 0, range["max"]?.int ?? 0)
    }

    private static func openStackRegion(_ spec: JSONValue, _ findings: inout Findings) {
        let longest = 63 - "openstack-region-".utf8.count
        guard let region = spec.text("openstackRegion"),
            !Names.isLabel(region) || region.utf8.count > longest
        else { return }
        findings.refuse(
            "spec.openstackRegion",
            .string(region),
            "expected a DNS label of at most \(longest) characters"
        )
    }
}
