import Glibc
import Model

extension Family {
    /// `AF_INET` or `AF_INET6`.
    var number: UInt8 { UInt8(self == .v4 ? AF_INET : AF_INET6) }

    /// `nil` for any other address family.
    init?(number: UInt8) {
        switch Int32(number) {
        case AF_INET: self = .v4
        case AF_INET6: self = .v6
        default: return nil
        }
    }
}
