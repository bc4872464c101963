import ArgumentParser
import BGPMessage
import Model

/// Networks of RIBs that hand each other their bytes, without sockets, sessions' timers or clocks.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lets a mesh and a tree of reflectors converge in memory."
    )

    enum Shape: String, CaseIterable, ExpressibleByArgument {
        case mesh, tree
    }

    @Option(help: "How many nodes.")
    var nodes = 5000
    @Option(parsing: .upToNextOption, help: "Only these: mesh, tree.")
    var only: [Shape] = []
    @Option(help: "mesh: simulates each n-th node only, and counts for all.")
    var every = 1

    func run() throws {
        for shape in Shape.allCases where only.isEmpty || only.contains(shape) {
            print(try shape.run(nodes: nodes, every: every))
        }
    }
}

extension Simulate.Shape {
    func run(nodes: Int, every: Int = 1) throws -> String {
        let start = ContinuousClock.now
        switch self {
        case .mesh:
            let mesh = try Mesh(nodes: nodes, every: every)
            return mesh.report((ContinuousClock.now - start).seconds)
        case .tree:
            let tree = try ReflectorTree(nodes: nodes)
            return tree.report((ContinuousClock.now - start).seconds)
        }
    }
}

/// Everybody with everybody: 12.5 million sessions of 5,000 nodes, more than fit into memory at once.
///
/// In a mesh nobody passes on what it learns from another (RFC 4271 §9.2), so what a node says does
/// not depend on what it hears. Each node's words are made once; then the nodes live one after the
/// other: a whole RIB with all its sessions says its words to each peer, which must be those, byte
/// by byte; hears all others', decides, must reach every node, and must have nothing to add.
private struct Mesh {
    let nodes: Int
    let every: Int
    var traffic = Traffic()
    var longest = 0.0

    init(nodes: Int, every: Int) throws {
        (self.nodes, self.every) = (nodes, every)
        let words = (0..<nodes).map { SimulatedNode.firstWords($0) }
        for one in words { traffic.add(one, times: nodes - 1) }
        for number in stride(from: 0, to: nodes, by: every) {
            let start = ContinuousClock.now
            try live(number, words)
            longest = max(longest, (ContinuousClock.now - start).seconds)
        }
    }

    private func live(_ number: Int, _ words: [[UInt8]]) throws {
        let node = SimulatedNode(number)
        let others = (0..<nodes).filter { $0 != number }
        for other in others { node.open(other) }
        for place in others.indices where node.tell(place) != words[number] {
            throw BenchError("node \(number) says something else to node \(others[place])")
        }
        for (place, other) in others.enumerated() {
            try node.receive(words[other], from: place)
        }
        node.settle()
        try node.check(nodes)
        for place in others.indices where !node.tell(place).isEmpty {
            throw BenchError("node \(number) goes on to node \(others[place])")
        }
    }

    func report(_ seconds: Double) -> String {
        let lived = (nodes + every - 1) / every
        return """
            mesh of \(nodes): \(nodes * (nodes - 1) / 2) sessions, \(traffic.messages) messages, \
            \(traffic.bytes >> 20) MiB; \(lived) nodes lived one after the other in \
            \(Int(seconds)) s, \(Int(seconds * 1000 / Double(lived))) ms a node, at most \
            \(Int(longest * 1000)) ms
            """
    }
}

/// Two reflectors at the top, joined; pairs of reflectors below, clients of both; all others clients
/// of one pair.
///
/// All reflectors live at once and talk in rounds: each decides about all it has heard, and then
/// says all it has to say, until nobody has anything. The leaves' words come in the first round. What
/// the leaves are told waits until the reflectors are done, which a slow session might do too; then
/// each leaf lives, hears its two reflectors, must reach every node, and must have nothing to add.
private struct ReflectorTree {
    private struct Link {
        var node: Int
        /// The other end's place for this one.
        var place: Int
    }

    let nodes: Int
    let pairs: Int
    var inside = Traffic()
    var toLeaves = Traffic()
    var fromLeaves = Traffic()
    var rounds = 0
    private var reflectors: [SimulatedNode]
    /// By reflector and place; leaves have none.
    private var links: [[Link?]]

    private var firstLeaf: Int { 2 + 2 * pairs }

    init(nodes: Int) throws {
        self.nodes = nodes
        // As many leaves a pair as there are pairs, roughly.
        pairs = max(1, Int((Double(nodes) / 2).squareRoot()))
        reflectors = (0..<(2 + 2 * pairs)).map { SimulatedNode($0) }
        links = [[Link?]](repeating: [], count: 2 + 2 * pairs)
        join(0, 1)
        for middle in 2..<firstLeaf {
            for top in 0..<2 { join(top, middle, isClient: true) }
        }
        try hearLeaves()
        try converge()
        try tellLeaves()
    }

    private mutating func join(_ one: Int, _ other: Int, isClient: Bool = false) {
        reflectors[one].open(other, isClient: isClient)
        reflectors[other].open(one)
        links[one].append(Link(node: other, place: links[other].count))
        links[other].append(Link(node: one, place: links[one].count - 1))
    }

    private func reflectors(of leaf: Int) -> [Int] {
        let first = 2 + 2 * (leaf % pairs)
        return [first, first + 1]
    }

    private mutating func hearLeaves() throws {
        for leaf in firstLeaf..<max(firstLeaf, nodes) {
            let words = SimulatedNode.firstWords(leaf)
            for reflector in reflectors(of: leaf) {
                reflectors[reflector].open(leaf, isClient: true)
                links[reflector].append(nil)
                try reflectors[reflector].receive(words, from: links[reflector].count - 1)
                fromLeaves.add(words)
            }
        }
    }

    private mutating func converge() throws {
        var isBusy = true
        while isBusy {
            isBusy = false
            rounds += 1
            for node in reflectors { node.settle() }
            for (number, node) in reflectors.enumerated() {
                for (place, link) in links[number].enumerated() {
                    guard let link else { continue }
                    let words = node.tell(place)
                    guard !words.isEmpty else { continue }
                    isBusy = true
                    inside.add(words)
                    try reflectors[link.node].receive(words, from: link.place)
                }
            }
        }
        for node in reflectors { try node.check(nodes) }
    }

    private mutating func tellLeaves() throws {
        var places = [Int](repeating: 0, count: firstLeaf)
        for (number, all) in links.enumerated() {
            places[number] = all.firstIndex { $0 == nil } ?? all.count
        }
        for leaf in firstLeaf..<max(firstLeaf, nodes) {
            let node = SimulatedNode(leaf)
            let above = reflectors(of: leaf)
            for reflector in above { node.open(reflector) }
            for place in above.indices where node.tell(place) != SimulatedNode.firstWords(leaf) {
                throw BenchError("leaf \(leaf) says something else")
            }
            for (place, reflector) in above.enumerated() {
                let words = reflectors[reflector].tell(places[reflector])
                places[reflector] += 1
                toLeaves.add(words)
                try node.receive(words, from: place)
            }
            node.settle()
            try node.check(nodes)
            for place in above.indices where !node.tell(place).isEmpty {
                throw BenchError("leaf \(leaf) goes on")
            }
        }
    }

    func report(_ seconds: Double) -> String {
        let total = inside.messages + toLeaves.messages + fromLeaves.messages
        let bytes = inside.bytes + toLeaves.bytes + fromLeaves.bytes
        return """
            tree of \(nodes): 2 reflectors over \(pairs) pairs over \(nodes - firstLeaf) leaves, \
            \(1 + 4 * pairs + 2 * (nodes - firstLeaf)) sessions; \(rounds) rounds, \(total) \
            messages (\(inside.messages) between reflectors, \(fromLeaves.messages) from leaves, \
            \(toLeaves.messages) to leaves), \(bytes >> 20) MiB, in \(Int(seconds)) s
            """
    }
}
