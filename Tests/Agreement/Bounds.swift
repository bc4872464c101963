package import Compile

extension History {
    /// How large tables of verdicts may be: smaller ones make more programs bitmaps.
    package struct Bounds: Hashable, Sendable, CustomStringConvertible {
        package var limit: Int
        package var budget: Int

        package init(
            limit: Int = PolicyCompiler.verdictLimit,
            budget: Int = PolicyCompiler.verdictBudget
        ) {
            self.limit = limit
            self.budget = budget
        }

        package var description: String { "limit \(limit), budget \(budget)" }

        package var compiler: PolicyCompiler {
            PolicyCompiler(
                localNode: RandomWorld.localNode,
                verdictLimit: limit,
                verdictBudget: budget
            )
        }

        /// None, all and those in between; each number has the same ones always.
        package static func some(_ number: UInt64) -> Bounds {
            let choices = [
                Bounds(), Bounds(limit: 0, budget: 0), Bounds(limit: 24),
                Bounds(limit: 60, budget: 150),
            ]
            return choices[Int(number % UInt64(choices.count))]
        }
    }
}
