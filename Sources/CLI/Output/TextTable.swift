/// Rows of cells under headings, each column as wide as its widest cell.
struct TextTable: Hashable, Sendable {
    let headings: [String]
    var rows: [[String]] = []

    init(_ headings: [String]) {
        self.headings = headings
    }

    func text(withHeadings: Bool = true) -> String {
        let lines = withHeadings ? [headings] + rows : rows
        let widths = headings.indices.map { column in
            ([headings] + rows).reduce(0) { max($0, $1[column].count) }
        }
        return lines.map { line in
            let cells = zip(line, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            let text = cells.joined(separator: "   ")
            return String(text.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }
}
