/// The versions of the CNI specification that we speak, in their order.
package enum CNIVersion: String, CaseIterable, Comparable, Sendable {
    case v0_1_0 = "0.1.0"
    case v0_2_0 = "0.2.0"
    case v0_3_0 = "0.3.0"
    case v0_3_1 = "0.3.1"
    case v0_4_0 = "0.4.0"
    case v1_0_0 = "1.0.0"
    case v1_1_0 = "1.1.0"

    /// What a configuration without `cniVersion` means: the key came with 0.2.0.
    package static let unwritten = v0_1_0
    package static let latest = v1_1_0

    /// Until 0.2.0 a result had one address a family and no interfaces.
    var hasInterfaces: Bool { self >= .v0_3_0 }

    /// From 1.0.0 an address does not say its family any more.
    var namesFamilies: Bool { self < .v1_0_0 }

    package static func < (left: Self, right: Self) -> Bool {
        left.order < right.order
    }

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
