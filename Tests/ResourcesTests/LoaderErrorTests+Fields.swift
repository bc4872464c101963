// Faults in fields: of the wrong type, of a bad value, of values that do not go together.

extension LoaderErrorTests {
    static let types = [
        Case(
            "labels that are no strings",
            """
            apiVersion: projectcalico.org/v3
            kind: Tier
            metadata:
              name: a
              labels:
                x: 1
                y: yes
            """,
            """
            in: document 1, line 6: Tier(a): metadata.labels[x]: 1: expected a string, found \
            an integer; quote it
            in: document 1, line 7: Tier(a): metadata.labels[y]: true: expected a string, \
            found a boolean; quote it
            """
        ),
        Case(
            "text for a number",
            policy: """
                  order: high
                """,
            """
            in: document 1, line 6: GlobalNetworkPolicy(a): spec.order: "high": expected a \
            number, found a string
            """
        ),
        Case(
            "number for text",
            policy: """
                  selector: 7
                """,
            """
            in: document 1, line 6: GlobalNetworkPolicy(a): spec.selector: 7: expected a \
            string, found an integer; quote it
            """
        ),
        Case(
            "text for a list",
            policy: """
                  types: Ingress
                """,
            """
            in: document 1, line 6: GlobalNetworkPolicy(a): spec.types: "Ingress": expected a \
            list, found a string
            """
        ),
        Case(
            "text for an object",
            policy: """
                  ingress:
                  - Allow
                """,
            """
            in: document 1, line 7: GlobalNetworkPolicy(a): spec.ingress[0]: "Allow": \
            expected an object, found a string
            """
        ),
        Case(
            "text for a boolean",
            policy: """
                  doNotTrack: sure
                """,
            """
            in: document 1, line 6: GlobalNetworkPolicy(a): spec.doNotTrack: "sure": expected \
            a boolean, found a string
            """
        ),
    ]

    static let values = [
        Case(
            "bad CIDR deep inside",
            policy: """
                  ingress:
                  - action: Allow
                    source:
                      nets:
                      - 10.0.0.0/8
                      - 10.0.0.0/33
                """,
            """
            in: document 1, line 11: GlobalNetworkPolicy(a): spec.ingress[0].source.nets[1]: \
            "10.0.0.0/33": expected a CIDR without host bits, or an IP address
            """
        ),
        Case(
            "unknown action",
            policy: """
                  ingress:
                  - action: allow
                """,
            """
            in: document 1, line 7: GlobalNetworkPolicy(a): spec.ingress[0].action: "allow": \
            expected one of Allow, Deny, Log, Pass
            """
        ),
        Case(
            "no action",
            policy: """
                  ingress:
                  - protocol: TCP
                """,
            """
            in: document 1, line 7: GlobalNetworkPolicy(a): spec.ingress[0].action: required: \
            expected one of Allow, Deny, Log, Pass
            """
        ),
        Case(
            "bad selector",
            policy: """
                  selector: role = 'db'
                """,
            """
            in: document 1, line 6: GlobalNetworkPolicy(a): spec.selector: "role = 'db'": \
            expected a selector: column 6: expected an operator after label "role"
            """
        ),
        Case(
            "global() where it is refused",
            policy: """
                  selector: global()
                """,
            """
            in: document 1, line 6: GlobalNetworkPolicy(a): spec.selector: "global()": \
            expected a selector without global()
            """
        ),
        Case(
            "port without protocol",
            policy: """
                  egress:
                  - action: Deny
                    destination: {ports: [80, http]}
                """,
            """
            in: document 1, line 8: GlobalNetworkPolicy(a): \
            spec.egress[0].destination.ports[0]: 80: ports need protocol TCP, UDP or SCTP
            """
        ),
        Case(
            "rules across fields",
            policy: """
                  preDNAT: true
                  doNotTrack: true
                """,
            """
            in: document 1, line 6: GlobalNetworkPolicy(a): spec.preDNAT: true: preDNAT and \
            doNotTrack exclude each other
            in: document 1, line 5: GlobalNetworkPolicy(a): spec.applyOnForward: must be true \
            when preDNAT or doNotTrack is
            """
        ),
        Case(
            "second item of a list",
            """
            apiVersion: projectcalico.org/v3
            kind: IPPoolList
            items:
            - metadata: {name: 0ok.Not}
              spec: {cidr: 10.0.0.0/8}
            - metadata: {name: two}
              spec:
                cidr: 10.0.0.1/8
                blockSize: 19
            """,
            """
            in: document 1, line 4: IPPool(0ok.Not): items[0].metadata.name: "0ok.Not": \
            expected a DNS name in lower case
            in: document 1, line 8: IPPool(two): items[1].spec.cidr: "10.0.0.1/8": expected a \
            CIDR without host bits, or an IP address
            in: document 1, line 9: IPPool(two): items[1].spec.blockSize: 19: expected 20 to \
            32 for such a pool
            """
        ),
        Case(
            "JSON on several lines",
            """
            {"apiVersion": "projectcalico.org/v3", "kind": "Tier",
             "metadata": {"name": "a"},
             "spec": {"defaultAction": "Allow"}}
            """,
            """
            in: document 1, line 3: Tier(a): spec.defaultAction: "Allow": expected one of \
            Deny, Pass
            """
        ),
    ]
}
