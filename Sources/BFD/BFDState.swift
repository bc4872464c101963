/// The states of a session (RFC 5880 §4.1, field Sta).
package enum BFDState: UInt8, Hashable, Sendable, CaseIterable {
    /// Held down on purpose; says nothing of the path.
    case adminDown = 0
    case down = 1
    /// The other end is heard, but does not say yet that it hears us.
    case initializing = 2
    case up = 3

    /// The lowest two bits name each state.
    init(bits: UInt8) {
        switch bits & 3 {
        case 0: self = .adminDown
        case 1: self = .down
        case 2: self = .initializing
        default: self = .up
        }
    }
}

/// Why a session was last left or not entered (RFC 5880 §4.1, field Diag; 5 bits).
package struct BFDDiagnostic: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let none = BFDDiagnostic(rawValue: 0)
    package static let detectionTimeExpired = BFDDiagnostic(rawValue: 1)
    package static let echoFailed = BFDDiagnostic(rawValue: 2)
    package static let neighborSignaledDown = BFDDiagnostic(rawValue: 3)
    package static let forwardingPlaneReset = BFDDiagnostic(rawValue: 4)
    package static let pathDown = BFDDiagnostic(rawValue: 5)
    package static let concatenatedPathDown = BFDDiagnostic(rawValue: 6)
    package static let administrativelyDown = BFDDiagnostic(rawValue: 7)
    package static let reverseConcatenatedPathDown = BFDDiagnostic(rawValue: 8)
}

extension BFDDiagnostic: CustomStringConvertible {
    package var description: String {
        switch self {
        case .none: "no diagnostic"
        case .detectionTimeExpired: "control detection time expired"
        case .echoFailed: "echo function failed"
        case .neighborSignaledDown: "neighbor signaled session down"
        case .forwardingPlaneReset: "forwarding plane reset"
        case .pathDown: "path down"
        case .concatenatedPathDown: "concatenated path down"
        case .administrativelyDown: "administratively down"
        case .reverseConcatenatedPathDown: "reverse concatenated path down"
        default: "diagnostic \(rawValue)"
        }
    }
}
