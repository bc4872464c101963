/// Who reaches whom on one port: rows are sources, columns destinations.
package struct TruthTable: Codable, Hashable, Sendable {
    /// `80/TCP`, `icmp`.
    package var port: String
    package var endpoints: [String]
    /// One string a row; `.` reached, `X` not reached, `-` not asked.
    package var rows: [String]

    package func reached(_ source: String, _ destination: String) -> Bool? {
        guard let row = endpoints.firstIndex(of: source),
            let column = endpoints.firstIndex(of: destination)
        else { return nil }
        let cell = Array(rows[row])[column]
        return cell == "-" ? nil : cell == "."
    }

    /// The table with names, for people.
    package var text: String {
        let width = endpoints.map(\.count).max() ?? 0
        let columns = (0..<endpoints.count).map { String($0 + 1) }
        let cell = (columns.last?.count ?? 1) + 1
        func pad(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let head = pad(port, width + 5) + columns.map { pad($0, cell) }.joined()
        let lines = endpoints.indices.map { index in
            pad("\(index + 1)", 3) + "  " + pad(endpoints[index], width)
                + rows[index].map { pad(String($0), cell) }.joined()
        }
        return ([head] + lines).joined(separator: "\n")
    }
}
