extension SeededRandom {
    /// The text with a few bytes changed, removed or repeated, or pieces of `parts` put in.
    package mutating func mutation(of text: [UInt8], parts: [String]) -> [UInt8] {
        var bytes = text
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            let end = min(bytes.count, place + Int.random(in: 0...8, using: &self))
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes.insert(UInt8.random(in: 0...127, using: &self), at: place)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
            case 3 where place < bytes.count:
                bytes[place] ^= 1 << UInt8.random(in: 0..<7, using: &self)
            default:
                let part = parts.randomElement(using: &self) ?? ""
                bytes.insert(contentsOf: Array(part.utf8), at: place)
            }
        }
        return bytes
    }
}
