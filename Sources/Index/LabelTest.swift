internal import Selector

/// A selector over interned labels: the same tree, with numbers in the place of texts where equality
/// is asked, and bytes where it is not.
indirect enum LabelTest: Sendable {
    case always
    case never
    case has(Int32)
    case equals(Int32, Int32)
    case isIn(Int32, [Int32])
    case contains(Int32, [UInt8])
    case startsWith(Int32, [UInt8])
    case endsWith(Int32, [UInt8])
    case not(LabelTest)
    case and([LabelTest])
    case or([LabelTest])

    /// Retains the texts it names.
    init(_ node: Selector.Node, _ pool: inout LabelPool) {
        func symbol(_ text: String, _ pool: inout LabelPool) -> Int32 { pool.retain(text) }
        switch node {
        case .all, .global: self = .always
        case .has(let key): self = .has(symbol(key, &pool))
        case .equals(let key, let value):
            self = .equals(symbol(key, &pool), symbol(value, &pool))
        case .notEquals(let key, let value):
            self = .not(.equals(symbol(key, &pool), symbol(value, &pool)))
        case .isIn(let key, let values):
            self = .isIn(symbol(key, &pool), values.map { symbol($0, &pool) })
        case .isNotIn(let key, let values):
            self = .not(.isIn(symbol(key, &pool), values.map { symbol($0, &pool) }))
        case .contains(let key, let part): self = .contains(symbol(key, &pool), Array(part.utf8))
        case .startsWith(let key, let part):
            self = .startsWith(symbol(key, &pool), Array(part.utf8))
        case .endsWith(let key, let part): self = .endsWith(symbol(key, &pool), Array(part.utf8))
        case .not(let node): self = .not(LabelTest(node, &pool))
        case .and(let nodes): self = .and(nodes.map { LabelTest($0, &pool) })
        case .or(let nodes): self = .or(nodes.map { LabelTest($0, &pool) })
        }
    }

    /// Releases the texts that it retained when it was made.
    func release(from pool: inout LabelPool) {
        switch self {
        case .always, .never: break
        case .has(let key), .contains(let key, _), .startsWith(let key, _), .endsWith(let key, _):
            pool.release(key)
        case .equals(let key, let value):
            pool.release(key)
            pool.release(value)
        case .isIn(let key, let values):
            pool.release(key)
            for value in values { pool.release(value) }
        case .not(let test): test.release(from: &pool)
        case .and(let tests), .or(let tests): for test in tests { test.release(from: &pool) }
        }
    }

    func matches(_ labels: LabelView, _ pool: LabelPool) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .has(let key): labels.value(of: key) != nil
        case .equals(let key, let value): labels.value(of: key) == value
        case .isIn(let key, let values):
            labels.value(of: key).map { values.contains($0) } ?? false
        case .contains(let key, let part):
            Self.text(key, labels, pool).map { Self.contains(Array($0.utf8), part) } ?? false
        case .startsWith(let key, let part):
            Self.text(key, labels, pool)?.utf8.starts(with: part) ?? false
        case .endsWith(let key, let part):
            Self.text(key, labels, pool)?.utf8.reversed().starts(with: part.reversed()) ?? false
        case .not(let test): !test.matches(labels, pool)
        case .and(let tests): tests.allSatisfy { $0.matches(labels, pool) }
        case .or(let tests): tests.contains { $0.matches(labels, pool) }
        }
    }

    private static func text(_ key: Int32, _ labels: LabelView, _ pool: LabelPool) -> String? {
        labels.value(of: key).map { pool[$0] }
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }
}
