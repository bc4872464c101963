import Resources
import Testing

/// What a person reads when an input is refused, word for word.
@Suite("Messages about bad input")
struct LoaderErrorTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        /// One a line.
        let messages: String

        init(_ name: String, _ text: String, _ messages: String) {
            testDescription = name
            self.text = text
            self.messages = messages
        }

        init(_ name: String, policy spec: String, _ messages: String) {
            let head = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n"
            self.init(name, "\(head)metadata:\n  name: a\nspec:\n\(spec)", messages)
        }
    }

    @Test("messages", arguments: syntax + identity + types + values)
    func messages(_ test: Case) {
        let loaded = loadResources(test.text, file: "in")
        let messages = loaded.errors.map { "\($0)" }.joined(separator: "\n")
        #expect(messages == test.messages)
        #expect(loaded.resources.isEmpty)
    }

    static let syntax = [
        Case(
            "tab",
            """
            kind: Tier
            \tmetadata: {}
            """,
            """
            in: document 1, line 2: malformed YAML: while scanning a plain scalar: found a \
            tab character that violates indentation
            """
        ),
        Case(
            "unclosed list",
            """
            a: [1, 2
            b: 3
            """,
            """
            in: document 1, line 2: malformed YAML: while parsing a flow sequence: did not \
            find expected ',' or ']'
            """
        ),
        Case(
            "unclosed quote",
            """
            a: 'x
            """,
            """
            in: document 1, line 1: malformed YAML: while scanning a quoted scalar: found \
            unexpected end of stream
            """
        ),
        Case(
            "duplicate key",
            policy: """
                  order: 1
                  order: 2
                """,
            """
            in: document 1, line 6: malformed YAML: the key "order" is there twice
            """
        ),
        Case(
            "duplicate key in JSON",
            """
            {"kind": "Tier",
             "kind": "Tier"}
            """,
            """
            in: document 1, line 2: malformed JSON: the member "kind" is there twice
            """
        ),
        Case(
            "malformed JSON",
            """
            {"kind": "Tier"
             "metadata": {}}
            """,
            """
            in: document 1, line 2: malformed JSON: expected ',' or '}'
            """
        ),
        Case(
            "undefined alias",
            """
            a: *b
            """,
            """
            in: document 1, line 1: malformed YAML: found undefined alias
            """
        ),
        Case(
            "a list as the key",
            """
            ? [a]
            : b
            """,
            """
            in: document 1, line 1: expected a name as the key
            """
        ),
        Case(
            "control character",
            """
            a: \u{1}
            """,
            """
            in: document 1, line 1: malformed YAML: control characters are not allowed
            """
        ),
        Case(
            "no object",
            """
            just text
            """,
            """
            in: document 1, line 1: "just text": expected an object, found a string
            """
        ),
        Case(
            "merge of no mapping",
            """
            <<: 3
            """,
            """
            in: document 1, line 1: << expects a mapping
            """
        ),
    ]

    static let identity = [
        Case(
            "no apiVersion",
            """
            kind: Tier
            """,
            """
            in: document 1, line 1: apiVersion: required: expected a string
            """
        ),
        Case(
            "no kind",
            """
            apiVersion: v1
            """,
            """
            in: document 1, line 1: kind: required: expected a string
            """
        ),
        Case(
            "kind of the wrong type",
            """
            apiVersion: v1
            kind: 3
            """,
            """
            in: document 1, line 2: kind: 3: expected a string, found an integer
            """
        ),
        Case(
            "unknown kind",
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: a}
            """,
            """
            in: document 1, line 2: kind: "Deployment": unknown kind
            """
        ),
        Case(
            "kind in the wrong case",
            """
            apiVersion: projectcalico.org/v3
            kind: tier
            """,
            """
            in: document 1, line 2: kind: "tier": expected Tier
            """
        ),
        Case(
            "group of the stored form",
            """
            apiVersion: crd.projectcalico.org/v1
            kind: IPPool
            """,
            """
            in: document 1, line 1: apiVersion: "crd.projectcalico.org/v1": the form in which \
            Calico stores objects; expected projectcalico.org/v3
            """
        ),
        Case(
            "kind of another group",
            """
            apiVersion: v1
            kind: IPPool
            """,
            """
            in: document 1, line 1: apiVersion: "v1": expected projectcalico.org/v3
            """
        ),
        Case(
            "kind of two groups",
            """
            apiVersion: v1
            kind: NetworkPolicy
            """,
            """
            in: document 1, line 1: apiVersion: "v1": expected projectcalico.org/v3 or \
            networking.k8s.io/v1
            """
        ),
        Case(
            "no metadata",
            """
            apiVersion: projectcalico.org/v3
            kind: Tier
            """,
            """
            in: document 1, line 1: metadata: required: expected an object
            """
        ),
        Case(
            "bad name",
            """
            apiVersion: projectcalico.org/v3
            kind: Tier
            metadata:
              name: A b
            """,
            """
            in: document 1, line 4: Tier(A b): metadata.name: "A b": expected a DNS name in \
            lower case
            """
        ),
        Case(
            "cluster-scoped kind in a namespace",
            """
            apiVersion: projectcalico.org/v3
            kind: Tier
            metadata:
              name: a
              namespace: b
            """,
            """
            in: document 1, line 5: Tier(b/a): metadata.namespace: "b": a Tier is in no \
            namespace
            """
        ),
        Case(
            "a list without items",
            """
            apiVersion: v1
            kind: List
            """,
            """
            in: document 1, line 1: items: required: expected a list
            """
        ),
        Case(
            "an item that is no object",
            """
            apiVersion: v1
            kind: List
            items:
            - 3
            """,
            """
            in: document 1, line 4: items[0]: 3: expected an object, found an integer
            """
        ),
    ]
}
