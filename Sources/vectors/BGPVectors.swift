/// What a node's BGP speaker must derive from resources: out of scope until there is one.
struct BGPVectors: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("bgp", orHas: ["node", "resources", "expect"])
    }

    init(_ file: VectorFile) {}

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) -> Outcome {
        .skipped("there is no BGP speaker yet")
    }
}
