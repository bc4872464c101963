internal import Model

/// Which ports go by a name, anywhere in the cluster.
struct PortNameTable: Sendable {
    private var counts: [String: [NamedPort: Int]] = [:]
    /// Names whose ports changed since the last look.
    private(set) var changed: Set<String> = []

    mutating func add(_ ports: [NamedPort]) {
        for port in ports {
            let count = counts[port.name, default: [:]][port, default: 0]
            if count == 0 { changed.insert(port.name) }
            counts[port.name, default: [:]][port] = count + 1
        }
    }

    mutating func remove(_ ports: [NamedPort]) {
        for port in ports {
            guard let count = counts[port.name]?[port] else { continue }
            if count == 1 { changed.insert(port.name) }
            counts[port.name]?[port] = count > 1 ? count - 1 : nil
            if counts[port.name]?.isEmpty == true { counts[port.name] = nil }
        }
    }

    func ports(_ name: String) -> [NamedPort] {
        (counts[name]?.keys).map { Array($0) } ?? []
    }

    mutating func takeChanged() -> Set<String> {
        defer { changed = [] }
        return changed
    }
}
