import JSON

// Inventory §2.2: settings of the cluster's own parts.

extension Schemas {
    private static let isEnabled = Shape.words("Enabled", "Disabled")

    private static let period: Shape = ["reconcilerPeriod": .text(.duration)]

    private static let hostEndpointTemplate: Shape = [
        "generateName": .text(.name),
        "interfaceCIDRs": .texts(.cidr),
        "interfacePattern": .text(.regularExpression),
        "labels": labels,
        "annotations": .map(keys: .annotationKey, values: .string),
        "nodeSelector": .text(.anySelector),
    ]

    private static let nodeController: Shape = [
        "reconcilerPeriod": .text(.duration),
        "syncLabels": isEnabled,
        "hostEndpoint": [
            "autoCreate": isEnabled,
            "createDefaultHostEndpoint": isEnabled,
            "templates": .list(hostEndpointTemplate),
        ],
        "leakGracePeriod": .text(.duration),
    ]

    static let kubeControllersConfiguration: Shape = [
        "logSeverityScreen": logSeverity,
        "healthChecks": isEnabled,
        "etcdV3CompactionPeriod": .text(.duration),
        "prometheusMetricsPort": .portOrNone,
        "debugProfilePort": .portOrNone,
        "controllers": [
            "node": nodeController,
            "policy": period,
            "workloadEndpoint": period,
            "serviceAccount": period,
            "namespace": period,
            "loadBalancer": ["assignIPs": .words("AllServices", "RequestedServicesOnly")],
            "migration": ["policyNameMigrator": isEnabled],
        ],
    ]

    static let clusterInformation: Shape = [
        "clusterGUID": .string,
        "clusterType": .string,
        "calicoVersion": .string,
        "datastoreReady": .bool,
        "variant": .string,
    ]

    /// One field for each parameter of the table.
    static let felixConfiguration = Shape.object(
        [.optional("nodeSelector", .text(.anySelector))]
            + FelixParameter.all.compactMap { parameter in
                parameter.field.map { .optional($0, parameter.type.shape) }
            }
    )
}
