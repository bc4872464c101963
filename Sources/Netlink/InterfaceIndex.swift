/// The kernel's number of a link, unique within a network namespace; never 0.
package struct InterfaceIndex: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension InterfaceIndex: CustomStringConvertible {
    package var description: String { "#\(rawValue)" }
}

extension InterfaceIndex {
    /// As the fixed parts of messages want it.
    var signed: Int32 { Int32(bitPattern: rawValue) }

    /// `nil` for 0, which means none.
    init?(_ number: Int32) {
        guard number != 0 else { return nil }
        self.init(rawValue: UInt32(bitPattern: number))
    }
}
