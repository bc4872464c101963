import BGPMessage
import BGPSession
import Linux
import Logging
import Model
import NIOCore
import NIOPosix

// Sockets: connections made and accepted, bytes in, the end.

/// What one read may bring, and so how long the loop is busy with it.
private let readSize = 64 << 10
/// A peer's share of memory for what its socket does not take yet.
private let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 256 << 10)
/// How long a peer may take to read our last words.
private let lingerTime = TimeAmount.seconds(2)

extension Speaker {
    // MARK: Connecting

    func connect(_ name: PeerName) {
        guard let peer = peers[name] else { return }
        let connection = newConnection(name, .outgoing)
        let id = connection.id
        let target: SocketAddress
        let source: SocketAddress?
        do {
            target = try peer.configuration.socketAddress
            source = try peer.configuration.localSocketAddress
        } catch {
            return closed(id, describe(error))
        }
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .channelOption(ChannelOptions.autoRead, value: false)
            .channelOption(
                ChannelOptions.recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: readSize)
            )
            .channelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .channelOption(ChannelOptions.writeBufferWaterMark, value: writeMarks)
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try self.assumeIsolated { try $0.prepare(channel, id, target) }
                }
            }
        if let source { bootstrap = bootstrap.bind(to: source) }
        bootstrap.connect(to: target).assumeIsolated().whenFailure { error in
            let why = describe(error)
            self.assumeIsolated { $0.closed(id, why) }
        }
    }

    private func newConnection(_ name: PeerName, _ side: Side) -> Connection {
        lastConnection += 1
        let connection = Connection(ConnectionID(rawValue: lastConnection), peer: name, side: side)
        connections[connection.id] = connection
        peers[name]?.connections[side] = connection.id
        return connection
    }

    /// Before a socket connects, and when one has been accepted.
    private func prepare(
        _ channel: any Channel,
        _ id: ConnectionID,
        _ target: SocketAddress?
    ) throws {
        guard let connection = connections[id], let peer = peers[connection.peer] else {
            throw ChannelError.alreadyClosed
        }
        connection.channel = channel
        try channel.apply(peer.configuration.socketOptions)
        if let target, let password = peer.configuration.password {
            try channel.sign(with: password, peer: target)
        }
        try channel.pipeline.syncOperations.addHandler(ConnectionHandler(self, id))
    }

    // MARK: Listening

    func listen(on listener: Listener) {
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(ChannelOptions.backlog, value: 1024)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try self.assumeIsolated { try $0.prepareListener(channel, listener) }
                }
            }
            .childChannelOption(ChannelOptions.autoRead, value: false)
            .childChannelOption(
                ChannelOptions.recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: readSize)
            )
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .childChannelOption(ChannelOptions.writeBufferWaterMark, value: writeMarks)
            .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try self.assumeIsolated { try $0.accept(channel) }
                }
            }
        let address = SocketAddress(listener.address, port: listener.port)
        bootstrap.bind(to: address).assumeIsolated().whenComplete { result in
            self.assumeIsolated { $0.bound(listener, result) }
        }
    }

    private func bound(_ listener: Listener, _ result: Result<any Channel, any Error>) {
        switch result {
        case .success(let channel):
            guard configuration.listeners.contains(listener), !isStopped else {
                return channel.close(promise: nil)
            }
            listeners[listener] = channel
            for peer in peers.values { signListeners(for: peer.configuration) }
        case .failure(let error):
            let why = describe(error)
            log.error("cannot listen", metadata: ["on": "\(listener)", "reason": "\(why)"])
            loop.scheduleTask(in: .seconds(5)) { self.assumeIsolated { $0.listenAgain(listener) } }
        }
    }

    private func listenAgain(_ listener: Listener) {
        guard configuration.listeners.contains(listener), listeners[listener] == nil, !isStopped
        else { return }
        listen(on: listener)
    }

    /// IPv6 listeners leave IPv4 to others.
    private func prepareListener(_ channel: any Channel, _ listener: Listener) throws {
        if listener.address.family == .v6 { try channel.acceptOnlyIPv6() }
        for peer in peers.values where peer.configuration.address.family == listener.address.family
        {
            try sign(channel, peer.configuration, password: peer.configuration.password)
        }
    }

    /// Tells the listeners a peer's password, or that it has none.
    func signListeners(for peer: PeerSettings) {
        for (listener, channel) in listeners
        where listener.address.family == peer.address.family {
            do {
                try sign(channel, peer, password: peer.password)
            } catch {
                log.error(
                    "cannot set a password",
                    metadata: ["peer": "\(peer.address)", "reason": "\(describe(error))"]
                )
            }
        }
    }

    /// Takes a key away only where there was one: the kernel refuses to delete what is not there.
    private func sign(
        _ channel: any Channel,
        _ peer: PeerSettings,
        password: String?
    ) throws {
        guard let password else { return }
        try channel.sign(with: password, peer: try peer.socketAddress)
    }

    func unsignListeners(for peer: PeerSettings) {
        guard peer.password != nil else { return }
        var old = peer
        old.password = ""
        signListeners(for: old)
    }

    /// Finds out whose a new connection is, and whether it may be.
    private func accept(_ channel: any Channel) throws {
        guard let remote = channel.remoteAddress.flatMap(SocketAddressKey.init),
            let name = names[PeerKey(remote)], var session = peers[name]?.session
        else { throw ChannelError.inappropriateOperationForState }
        let (isAdmitted, actions) = session.admit(jitter: jitter())
        peers[name]?.session = session
        perform(actions, name)
        guard isAdmitted else { throw ChannelError.inappropriateOperationForState }
        let connection = newConnection(name, .incoming)
        try prepare(channel, connection.id, nil)
    }

    // MARK: Life of a connection

    func opened(_ id: ConnectionID) {
        guard let connection = connections[id] else { return }
        event(.connected(connection.side), connection.peer)
    }

    func closed(_ id: ConnectionID, _ why: String) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        guard peers[connection.peer]?.connections[connection.side] == id else { return }
        peers[connection.peer]?.connections[connection.side] = nil
        event(.connectionFailed(connection.side, why), connection.peer)
    }

    /// Ends a connection after what was written, which a peer that still sends must not lose: the
    /// other direction stays open for a moment.
    func drop(_ name: PeerName, _ side: Side) {
        guard let id = peers[name]?.connections.removeValue(forKey: side),
            let connection = connections.removeValue(forKey: id)
        else { return }
        connection.isClosing = true
        guard let channel = connection.channel else { return }
        guard channel.isActive else { return channel.close(promise: nil) }
        channel.setOption(ChannelOptions.autoRead, value: true).whenComplete { _ in }
        channel.close(mode: .output, promise: nil)
        loop.scheduleTask(in: lingerTime) { channel.close(promise: nil) }
    }

    func received(_ buffer: ByteBuffer, on id: ConnectionID) {
        guard let connection = connections[id] else { return }
        let name = connection.peer
        connection.framer.append(Array(buffer.readableBytesView))
        var count: UInt64 = 0
        do throws(MessageError) {
            while !connection.isClosing, let bytes = try connection.framer.next() {
                let message = try Message(decoding: bytes, connection.reading)
                count += 1
                take(message, on: connection, isFirst: count == 1)
            }
        } catch {
            event(.malformed(connection.side, error.notification), name)
        }
        peers[name]?.counters.messagesReceived += count
        peers[name]?.counters.bytesReceived += UInt64(buffer.readableBytes)
        serveSoon()
    }

    /// Gives a message to the session; routes go straight to the RIB when the read that brought them
    /// has restarted the hold timer already, for that is all that the session would do.
    private func take(_ message: Message, on connection: Connection, isFirst: Bool) {
        let name = connection.peer
        if !isFirst, case .update(let update) = message, update.endOfRIB == nil,
            peers[name]?.session.established == connection.side
        {
            received(update, name)
        } else {
            event(.received(connection.side, message), name)
        }
    }
}
