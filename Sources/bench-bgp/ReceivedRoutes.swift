/// What a peer holds after a stream of BGP messages: prefixes of ``Load``, as bits, and counts, as
/// fast as can be: the receiver must not be what is measured.
struct ReceivedRoutes {
    private(set) var updates = 0
    private(set) var keepalives = 0
    /// How many prefixes are there now.
    private(set) var present = 0
    /// The last message said why the session ends: code << 8 | subcode.
    private(set) var notification: Int?
    /// Kinds of messages that are neither UPDATE nor KEEPALIVE, in the order of their arrival.
    private(set) var others: [UInt8] = []
    private var bits: [UInt64] = []
    private var pending: [UInt8] = []

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        guard pending.isEmpty else {
            pending.append(contentsOf: bytes)
            let whole = pending
            let used = whole.withUnsafeBytes { read($0) }
            pending.removeSubrange(..<used)
            return
        }
        let used = read(bytes)
        pending.append(contentsOf: bytes[used...])
    }

    func has(_ number: Int) -> Bool {
        let word = number >> 6
        return word < bits.count && bits[word] >> UInt64(number & 63) & 1 == 1
    }

    mutating func forgetOthers() { others = [] }

    /// How many bytes were whole messages.
    private mutating func read(_ bytes: UnsafeRawBufferPointer) -> Int {
        var start = 0
        while bytes.count - start >= 19 {
            let length = Int(bytes[start + 16]) << 8 | Int(bytes[start + 17])
            guard length >= 19, bytes.count - start >= length else { break }
            message(
                bytes[start + 18],
                UnsafeRawBufferPointer(rebasing: bytes[(start + 19)..<(start + length)])
            )
            start += length
        }
        return start
    }

    private mutating func message(_ kind: UInt8, _ body: UnsafeRawBufferPointer) {
        switch kind {
        case 2: update(body)
        case 4:
            keepalives += 1
            others.append(kind)
        case 3:
            notification = body.count >= 2 ? Int(body[0]) << 8 | Int(body[1]) : 0
            others.append(kind)
        default: others.append(kind)
        }
    }

    private mutating func update(_ body: UnsafeRawBufferPointer) {
        guard body.count >= 4 else { return }
        updates += 1
        let withdrawnEnd = 2 + (Int(body[0]) << 8 | Int(body[1]))
        guard withdrawnEnd + 2 <= body.count else { return }
        prefixes(body, 2, withdrawnEnd, arePresent: false)
        let start =
            withdrawnEnd + 2 + (Int(body[withdrawnEnd]) << 8 | Int(body[withdrawnEnd + 1]))
        prefixes(body, start, body.count, arePresent: true)
    }

    private mutating func prefixes(
        _ body: UnsafeRawBufferPointer,
        _ start: Int,
        _ end: Int,
        arePresent: Bool
    ) {
        var place = start
        while place < end {
            let length = Int(body[place])
            // All that Load makes are /24; anything else is somebody else's.
            if length == 24, place + 3 < end {
                let high = Int(body[place + 1]) << 16 | Int(body[place + 2]) << 8
                mark(high | Int(body[place + 3]), arePresent)
            }
            place += 1 + (length + 7) / 8
        }
    }

    private mutating func mark(_ network: Int, _ isPresent: Bool) {
        let number = network - Load.firstNetwork
        guard number >= 0 else { return }
        let (word, bit) = (number >> 6, UInt64(1) << UInt64(number & 63))
        if word >= bits.count {
            bits.append(contentsOf: repeatElement(0, count: word + 1 - bits.count))
        }
        guard (bits[word] & bit != 0) != isPresent else { return }
        bits[word] ^= bit
        present += isPresent ? 1 : -1
    }
}

extension ReceivedRoutes {
    /// Some prefix of these is there.
    func hasAny(_ numbers: Range<Int>) -> Bool { numbers.contains { has($0) } }
}
