package import Model
import Support

/// A world that grows by batches of updates, and what is asked after each.
package struct History: Hashable, Sendable {
    package let batches: [[Update]]
    package let questions: [Case]
    package let bounds: Bounds

    package init(batches: [[Update]], questions: [Case], _ bounds: Bounds = Bounds()) {
        self.batches = batches
        self.questions = questions
        self.bounds = bounds
    }

    /// How big a drawn history is.
    package struct Size: Sendable {
        package let batches: Int
        /// In each batch.
        package let updates: ClosedRange<Int>
        package let questions: Int

        /// Everything at once, then many questions.
        package static let bulk = Size(batches: 1, updates: 60...60, questions: 300)
        /// Many small changes.
        package static let long = Size(batches: 30, updates: 1...5, questions: 40)
        /// A few bigger changes, each asked about thoroughly.
        package static let dense = Size(batches: 8, updates: 4...16, questions: 100)
    }

    /// Drawn from a world: changes, removals, repeats.
    package init(_ world: inout RandomWorld, _ size: Size, _ bounds: Bounds = Bounds()) {
        batches = (0..<size.batches).map { _ in
            var updates = (0..<Int.random(in: size.updates, using: &world.random)).map { _ in
                world.update()
            }
            if world.random.oneIn(4), let repeated = updates.first { updates.append(repeated) }
            return updates
        }
        questions = (0..<size.questions).map { _ in world.question() }
        self.bounds = bounds
    }

    /// One update a line.
    package var listing: String {
        let listed = batches.enumerated().map { number, updates in
            "  batch \(number):\n" + updates.map { "    \($0)" }.joined(separator: "\n")
        }
        return (listed + ["  asked: \(questions)", "  \(bounds)"]).joined(separator: "\n")
    }
}
