extension Duration {
    /// Parses Go's form of a duration: `90s`, `1h30m`, `1.5s`, `-2ms`, `0`.
    package init?(goDuration text: some StringProtocol) {
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        guard rest != "0" else {
            self = .zero
            return
        }
        var nanoseconds = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[number.endIndex...]
            let name = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest[name.endIndex...]
            // Go takes "1." and ".5", Swift does not.
            let digits = "0\(number)" + (number.contains(".") ? "0" : "")
            guard number.contains(where: \.isNumber), let value = Double(digits),
                let unit = Self.nanosecondsPerUnit[String(name)]
            else { return nil }
            nanoseconds += value * unit
        }
        // Go counts in 64-bit nanoseconds.
        guard nanoseconds < 9.2e18 else { return nil }
        self = .nanoseconds(Int64(nanoseconds.rounded())) * (isNegative ? -1 : 1)
    }

    private static let nanosecondsPerUnit: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]

    /// Whole and fractional seconds.
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
