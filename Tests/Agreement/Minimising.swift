import Model

/// As few of the elements as still fail: what is left when nothing more can go.
func minimised<Element>(_ elements: [Element], failing: ([Element]) -> Bool) -> [Element] {
    var kept = elements
    var chunk = max(1, kept.count / 2)
    while true {
        var start = 0
        var hasShrunk = false
        while start < kept.count {
            var fewer = kept
            fewer.removeSubrange(start..<min(start + chunk, kept.count))
            if failing(fewer) {
                kept = fewer
                hasShrunk = true
            } else {
                start += chunk
            }
        }
        if chunk == 1, !hasShrunk { return kept }
        chunk = max(1, chunk / 2)
    }
}

/// One update a line.
func listing(_ updates: [Update]) -> String {
    updates.map { "    \($0)" }.joined(separator: "\n")
}
