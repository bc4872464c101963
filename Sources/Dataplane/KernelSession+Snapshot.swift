import BPF
import CBPFABI
import Compile
import Netlink

// What the session holds, for people.

extension KernelSession {
    /// How many entries the pinned policy maps have room for.
    func limits() throws(DataplaneError) -> [MapName: Int] {
        var limits: [MapName: Int] = [:]
        for map in reconciler.policy.entries.keys {
            let path = "\(Layout(root: configuration.root).maps)/\(map.rawValue)"
            limits[map] = try wrapping(map, path) { () throws(BPFError) in
                try MapInfo(pinned: path).maxEntries
            }
        }
        return limits
    }

    func snapshot() -> DataplaneSnapshot {
        let (policy, actual) = (reconciler.policy, reconciler.actual)
        var users: [UInt32: Int] = [:]
        for entry in actual.endpoints.values {
            for program in Set([entry.ingress_program, entry.egress_program]) {
                users[program, default: 0] += 1
            }
        }
        return DataplaneSnapshot(
            endpoints: actual.endpoints.sorted { $0.key < $1.key }.map { address, entry in
                DataplaneSnapshot.Endpoint(
                    address: address,
                    id: reconciler.local.owner(of: address),
                    interface: links[InterfaceIndex(rawValue: entry.ifindex)]?.name,
                    entry
                )
            },
            programs: policy.programs.values.sorted { $0.id < $1.id }.map { tables in
                DataplaneSnapshot.Program(
                    id: tables.id,
                    groups: tables.groups.count,
                    ports: tables.ports.count + tables.sourcePorts.count,
                    verdicts: tables.verdicts.count,
                    form: tables.form,
                    clauses: tables.clauses.count,
                    bitmaps: tables.bitmaps.count,
                    users: users[tables.id] ?? 0
                )
            },
            classes: policy.classes,
            conflicts: reconciler.conflicts,
            waiting: reconciler.waiting
        )
    }
}
