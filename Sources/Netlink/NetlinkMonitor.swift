import CLinux
import Glibc
package import Linux
import Wire

/// Something changed in the kernel.
package enum NetlinkEvent: Hashable, Sendable {
    case link(Link)
    case linkGone(Link)
    case address(InterfaceAddress)
    case addressGone(InterfaceAddress)
    case route(Route)
    case routeGone(Route)
    /// Events were lost, in the kernel or on the way here: list everything anew.
    case overrun
}

/// What to be told about.
package struct NetlinkTopics: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let links = NetlinkTopics(rawValue: 1)
    package static let addresses = NetlinkTopics(rawValue: 2)
    package static let routes = NetlinkTopics(rawValue: 4)

    fileprivate var groups: [Int32] {
        var groups: [rtnetlink_groups] = []
        if contains(.links) { groups.append(RTNLGRP_LINK) }
        if contains(.addresses) { groups += [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR] }
        if contains(.routes) { groups += [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE] }
        return groups.map { Int32($0.rawValue) }
    }
}

/// Listens to the kernel's announcements on a thread of its own.
package enum NetlinkMonitor {
    /// Changes in the calling thread's namespace from now on; the thread ends with the stream.
    ///
    /// - Parameters:
    ///   - topics: what to be told about.
    ///   - writer: nothing is told of routes that it writes, which may be very many at once.
    /// - Returns: the changes, in order.
    /// - Throws: what the kernel said to the socket.
    package static func events(
        _ topics: NetlinkTopics,
        ignoring writer: RouteProtocol? = nil
    ) throws -> AsyncStream<NetlinkEvent> {
        let socket = try NetlinkSocket.open(groups: topics.groups)
        if let writer { try NetlinkSocket.ignore(routesBy: writer, socket) }
        return try events(socket, backlog: defaultBacklog)
    }

    /// Changes in `namespace` from now on; the thread ends with the stream.
    ///
    /// A listener may leave `backlog` announcements unread before they count as lost.
    package static func events(
        _ topics: NetlinkTopics,
        in namespace: borrowing NetworkNamespace,
        backlog: Int = defaultBacklog
    ) throws -> AsyncStream<NetlinkEvent> {
        let socket = try namespace.run { try NetlinkSocket.open(groups: topics.groups) }
        return try events(socket, backlog: backlog)
    }

    package static let defaultBacklog = 4096

    private static func events(
        _ socket: consuming Descriptor,
        backlog: Int
    ) throws(LinuxError) -> AsyncStream<NetlinkEvent> {
        let listener = try NetlinkListener(socket)
        let (stream, continuation) = AsyncStream.makeStream(
            of: NetlinkEvent.self,
            bufferingPolicy: .bufferingNewest(backlog)
        )
        continuation.onTermination = { _ in listener.stop() }
        try startThread { listener.listen(continuation) }
        return stream
    }
}

/// The socket and the bell that ends its thread.
private final class NetlinkListener: Sendable {
    private let socket: Descriptor
    private let bell: Descriptor

    init(_ socket: consuming Descriptor) throws(LinuxError) {
        let raw = try call("eventfd") { linux_eventfd(0) }
        bell = Descriptor(owning: raw)
        self.socket = socket
    }

    func stop() {
        var one: UInt64 = 1
        _ = bell.withRaw { write($0, &one, MemoryLayout<UInt64>.size) }
    }

    func listen(_ continuation: AsyncStream<NetlinkEvent>.Continuation) {
        var buffer = [UInt8](repeating: 0, count: 32768)
        while waitForNews() {
            do {
                for reply in try NetlinkSocket.receive(socket, into: &buffer) {
                    guard let event = try NetlinkEvent(reply) else { continue }
                    if case .dropped = continuation.yield(event) { continuation.yield(.overrun) }
                }
            } catch {
                // ENOBUFS when the kernel dropped some; what cannot be read is as good as lost.
                continuation.yield(.overrun)
            }
        }
        continuation.finish()
    }

    /// Whether there is something to read, rather than the end.
    private func waitForNews() -> Bool {
        socket.withRaw { socket in
            bell.withRaw { bell in
                var waits = [
                    pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
                ]
                let result = try? call("poll") { poll(&waits, nfds_t(waits.count), -1) }
                return result != nil && waits[1].revents == 0
            }
        }
    }
}

extension NetlinkEvent {
    init?(_ reply: NetlinkReply) throws(WireError) {
        var reader = ByteReader(reply.body.span.bytes)
        let event: NetlinkEvent? =
            switch Int(reply.type) {
            case RTM_NEWLINK: try Link(parsing: &reader).map { .link($0) }
            case RTM_DELLINK: try Link(parsing: &reader).map { .linkGone($0) }
            case RTM_NEWADDR: try InterfaceAddress(parsing: &reader).map { .address($0) }
            case RTM_DELADDR: try InterfaceAddress(parsing: &reader).map { .addressGone($0) }
            case RTM_NEWROUTE: try Route(parsing: &reader).map { .route($0) }
            case RTM_DELROUTE: try Route(parsing: &reader).map { .routeGone($0) }
            default: nil
            }
        guard let event else { return nil }
        self = event
    }
}
