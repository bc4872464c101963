internal import Model

/// Services as the union of their slices.
struct ServiceTable: Sendable {
    private var slices: [String: ServiceSlice] = [:]
    private var names: [ServiceID: Set<String>] = [:]
    /// Services whose members may have changed since the last look.
    private(set) var changed: Set<ServiceID> = []

    mutating func set(_ name: String, _ slice: ServiceSlice?) {
        let former = slices[name]
        guard former != slice else { return }
        if let former {
            names[former.service]?.remove(name)
            if names[former.service]?.isEmpty == true { names[former.service] = nil }
            changed.insert(former.service)
        }
        if let slice {
            names[slice.service, default: []].insert(name)
            changed.insert(slice.service)
        }
        slices[name] = slice
    }

    func members(of service: ServiceID) -> Set<ServiceSlice.Member> {
        var members: Set<ServiceSlice.Member> = []
        for name in names[service] ?? [] { members.formUnion(slices[name]?.members ?? []) }
        return members
    }

    mutating func takeChanged() -> Set<ServiceID> {
        defer { changed = [] }
        return changed
    }
}
