import CBPFABI

/// What would become of a flow at one of its ends were staged policies enforced.
package struct Pending: Hashable, Sendable {
    package var isAllowed: Bool
    /// The rule that would decide, `nil` for none.
    package var rule: UInt32?

    package init(isAllowed: Bool, rule: UInt32?) {
        self.isAllowed = isAllowed
        self.rule = rule
    }

    /// `nil` where nothing is staged; a code of newer programs is taken for that.
    package init?(_ code: UInt8, rule: UInt32) {
        switch UInt32(code) {
        case CARA_PENDING_DENY.rawValue: isAllowed = false
        case CARA_PENDING_ALLOW.rawValue: isAllowed = true
        default: return nil
        }
        self.rule = rule == 0 ? nil : rule
    }
}
