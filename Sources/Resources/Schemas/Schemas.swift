import JSON

/// What each kind may hold, as tables: field names as the API spells them, `!` for required ones.
enum Schemas {
    static let metadata: Shape = [
        "name!": .exactText(.name),
        "namespace": .text(.dnsLabel),
        "labels": .map(keys: .labelKey, values: .exactText(.labelValue)),
        "annotations": .map(keys: .annotationKey, values: .string),
        "uid": .string,
        "resourceVersion": .string,
        "creationTimestamp": .string,
        "deletionTimestamp": .string,
        "finalizers": .texts(.any),
        "ownerReferences": .list(["kind": .string, "name": .string, "uid": .string]),
    ]

    /// A key of a Secret.
    static let secretReference: Shape = ["secretKeyRef": ["name": .string, "key": .string]]

    static let labels = Shape.map(keys: .labelKey, values: .exactText(.labelValue))

    /// Kubernetes' LabelSelector.
    static let labelSelector: Shape = [
        "matchLabels": labels,
        "matchExpressions": .list([
            "key!": .exactText(.labelKey),
            "operator!": .exactWords("In", "NotIn", "Exists", "DoesNotExist"),
            "values": .list(.exactText(.labelValue)),
        ]),
    ]
}
