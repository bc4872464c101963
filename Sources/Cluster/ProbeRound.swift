import Glibc
import Linux
import Model

/// The sockets of one probe and what has become of each question.
final class ProbeRound {
    fileprivate struct Question {
        let source: Int
        let destination: Int
        let port: ProbePort
        let address: Address
        let socket: Socket
        var isAnswered = false
    }

    private var servers: [(socket: Socket, port: ProbePort)] = []
    private var questions: [Question] = []

    func hasReached(_ source: Int, _ destination: Int, _ port: ProbePort) -> Bool {
        questions.contains {
            $0.source == source && $0.destination == destination && $0.port == port
                && $0.isAnswered
        }
    }

    // MARK: - Sockets, opened inside the endpoint's namespace

    /// Listens on every port; a TCP port that a program of the pod holds already answers by itself.
    func openServers(_ ports: [ProbePort], at address: Address) throws {
        for port in ports {
            let family = address.family
            switch port.kind {
            case .tcp:
                let socket = try Socket.open(family, .stream, protocol: Int32(IPPROTO_TCP))
                guard try isFree(port.port, at: address, socket) else { continue }
                try socket.listen()
                servers.append((socket, port))
            case .udp:
                let socket = try Socket.open(family, .datagram, protocol: Int32(IPPROTO_UDP))
                try socket.bind(address, port.port)
                servers.append((socket, port))
            case .sctp:
                let socket = try Socket.open(family, .raw, protocol: Int32(IPPROTO_SCTP))
                try socket.bind(address, 0)
                servers.append((socket, port))
            case .icmp:
                break  // the kernel answers
            }
        }
    }

    private func isFree(_ port: UInt16, at address: Address, _ socket: Socket) throws -> Bool {
        do {
            try socket.bind(address, port)
            return true
        } catch {
            guard error.errno == EADDRINUSE else { throw error }
            return false
        }
    }

    func openClient(
        _ source: Int,
        _ destination: Int,
        _ port: ProbePort,
        from own: Address,
        to address: Address
    ) throws {
        let socket: Socket
        switch port.kind {
        case .tcp:
            socket = try Socket.open(address.family, .stream, protocol: Int32(IPPROTO_TCP))
            try socket.bind(own, 0)
            socket.connect(address, port.port)
        case .udp:
            socket = try Socket.open(address.family, .datagram, protocol: Int32(IPPROTO_UDP))
            try socket.bind(own, 0)
        case .sctp:
            socket = try Socket.open(address.family, .raw, protocol: Int32(IPPROTO_SCTP))
            try socket.bind(own, 0)
        case .icmp:
            let number = address.isV4 ? Int32(IPPROTO_ICMP) : Int32(IPPROTO_ICMPV6)
            socket = try Socket.open(address.family, .raw, protocol: number)
            try socket.bind(own, 0)
        }
        questions.append(
            Question(
                source: source,
                destination: destination,
                port: port,
                address: address,
                socket: socket
            )
        )
    }

    // MARK: - The loop

    /// Asks, answers and listens until each question has its answer or the time is over.
    func run(_ timeout: Duration) {
        let start = ContinuousClock.now
        var asked = 0
        while questions.contains(where: { !$0.isAnswered }), start.duration(to: .now) < timeout {
            // Twice, in case a datagram waited for the first address resolution in vain.
            if asked == 0 || (asked == 1 && start.duration(to: .now) > timeout / 2) {
                for question in questions where !question.isAnswered { ask(question) }
                asked += 1
            }
            wait(milliseconds: 20)
            for (socket, port) in servers { serve(socket, port) }
            for index in questions.indices where !questions[index].isAnswered {
                questions[index].isAnswered = isAnswered(questions[index])
            }
        }
    }

    private func wait(milliseconds: Int32) {
        var waiting = servers.map {
            pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0)
        }
        waiting += questions.filter { !$0.isAnswered }.map {
            let events = $0.port.kind == .tcp ? POLLOUT : POLLIN
            return pollfd(fd: $0.socket.descriptor, events: Int16(events), revents: 0)
        }
        poll(&waiting, nfds_t(waiting.count), milliseconds)
    }

    private func ask(_ question: Question) {
        let (socket, address, port) = (question.socket, question.address, question.port.port)
        switch question.port.kind {
        case .tcp: break
        case .udp: socket.send(Array("caracal".utf8), to: address, port)
        case .sctp: socket.send(SCTPProbe.request(from: question.tag, to: port), to: address, 0)
        case .icmp: socket.send(EchoProbe.request(address.family, question.tag), to: address, 0)
        }
    }

    private func serve(_ socket: Socket, _ port: ProbePort) {
        guard port.kind != .tcp else { return }
        while let (bytes, source, sourcePort) = socket.receive() {
            if port.kind == .udp {
                socket.send(bytes, to: source, sourcePort)
            } else if let reply = SCTPProbe.reply(to: bytes, socket.family, port: port.port) {
                socket.send(reply, to: source, 0)
            }
        }
    }

    private func isAnswered(_ question: Question) -> Bool {
        let socket = question.socket
        guard question.port.kind != .tcp else {
            var state = pollfd(fd: socket.descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&state, 1, 0) == 1 else { return false }
            return socket.pendingError() == 0 && state.revents & Int16(POLLHUP | POLLERR) == 0
        }
        while let (bytes, source, _) = socket.receive() {
            guard source == question.address else { continue }
            switch question.port.kind {
            case .tcp, .udp: return true
            case .sctp:
                if SCTPProbe.isReply(
                    bytes,
                    socket.family,
                    from: question.port.port,
                    to: question.tag
                ) {
                    return true
                }
            case .icmp:
                if EchoProbe.isReply(bytes, socket.family, question.tag) { return true }
            }
        }
        return false
    }
}

extension ProbeRound.Question {
    /// Tells the answers to different questions of one source apart.
    var tag: UInt16 { 40_000 + UInt16(truncatingIfNeeded: source * 64 + destination) }
}
