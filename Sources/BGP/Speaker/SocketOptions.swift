import CLinux
import Glibc
import Model
import NIOCore

/// What a connection's socket is told before it connects, or once it is accepted.
struct SocketOptions: Hashable, Sendable {
    let peer: Address
    var timeToLive: TimeToLive
    /// RFC 2385; `nil` for none.
    var password: String?

    /// How far the peer may be.
    enum TimeToLive: Hashable, Sendable {
        /// Sent with this TTL, received with any.
        case limited(UInt8)
        /// GTSM (RFC 5082): sent with 255, received only over at most so many hops.
        case secured(hops: UInt8)
    }
}

/// DSCP CS6, as RFC 4271 appendix E has it, in the place of the TOS byte.
private let trafficClass: Int32 = 48 << 2

extension Channel {
    /// Sets one option whose type C knows.
    private func set<Value: Sendable>(_ level: Int32, _ name: Int32, _ value: Value) throws {
        guard let provider = self as? any SocketOptionProvider else {
            throw SpeakerError.noSocketOptions
        }
        let future = provider.unsafeSetSocketOption(
            level: .init(rawValue: level),
            name: .init(rawValue: name),
            value: value
        )
        // On the loop the future is done already.
        var failure: (any Error)?
        future.assumeIsolated().whenFailure { failure = $0 }
        if let failure { throw failure }
    }

    /// On the channel's loop only.
    func apply(_ options: SocketOptions) throws {
        let isV4 = options.peer.isV4
        let level = isV4 ? Int32(IPPROTO_IP) : Int32(IPPROTO_IPV6)
        try set(level, isV4 ? IP_TOS : IPV6_TCLASS, trafficClass)
        let ttl = isV4 ? IP_TTL : IPV6_UNICAST_HOPS
        switch options.timeToLive {
        case .limited(let hops):
            try set(level, ttl, Int32(hops))
        case .secured(let hops):
            try set(level, ttl, Int32(255))
            try set(level, isV4 ? IP_MINTTL : IPV6_MINHOPCOUNT, Int32(256 - max(1, Int32(hops))))
        }
    }

    /// Signs what goes to and comes from `peer`; on a listener for those still to come.
    ///
    /// An empty password ends that.
    func sign(with password: String, peer: SocketAddress) throws {
        var signature = tcp_md5sig()
        let key = Array(password.utf8)
        let isSet = peer.withSockAddr { address, size in
            linux_md5(&signature, address, socklen_t(size), key, key.count) == 0
        }
        guard isSet else { throw SpeakerError.passwordTooLong }
        try set(Int32(IPPROTO_TCP), TCP_MD5SIG, signature)
    }
}

extension Channel {
    /// Leaves IPv4 to listeners of its own.
    func acceptOnlyIPv6() throws {
        try set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, Int32(1))
    }
}
