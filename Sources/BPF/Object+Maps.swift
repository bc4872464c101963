import CLibBPF
import Glibc
import Linux

// How several objects, and several runs of the agent, come to use the same maps. All of this must
// happen before the object is loaded.

extension Object {
    /// Pins every map in `directory` under its own name, and uses those that are pinned there
    /// already.
    ///
    /// Only the size of one that grows on demand may differ, which then stays as it was made. A pinned map
    /// that an older version made, of fewer entries or with values to which fields were added since,
    /// is replaced: the result are those, to be moved once the object is loaded. A pinned map of any
    /// other shape is an error that says which and what to do.
    @discardableResult
    package func reusePins(in directory: String) throws(BPFError) -> [OutgrownMap] {
        var outgrown: [OutgrownMap] = []
        for map in maps {
            let declared = MapInfo(declared: map)
            let path = "\(directory)/\(declared.name)"
            if let former = try fit(map, to: path, declared) {
                outgrown.append(former)
            } else {
                try check(bpf_map__set_pin_path(map, path), "set pin path of map", declared.name)
            }
        }
        return outgrown
    }

    private func fit(
        _ map: OpaquePointer,
        to path: String,
        _ declared: MapInfo
    ) throws(BPFError) -> OutgrownMap? {
        let pinned: MapInfo
        do throws(BPFError) {
            pinned = try MapInfo(pinned: path)
        } catch  where error.errno == ENOENT {
            return nil
        }
        let isResized = declared.growsOnDemand && pinned.maxEntries != declared.maxEntries
        let wanted = isResized ? declared.sized(pinned.maxEntries) : declared
        if let difference = pinned.difference(from: wanted) {
            if wanted.outgrows(pinned) { return try OutgrownMap(pinned: path, successor: map) }
            throw BPFError(
                operation: "reuse pinned map",
                object: path,
                errno: EINVAL,
                detail: "its \(difference); it was made by another version: "
                    + "stop that agent and remove the file to start with an empty map"
            )
        }
        if isResized { try setMaxEntries(of: map, to: pinned.maxEntries) }
        return nil
    }

    /// Uses the maps that are pinned in `directory` under their names, all of which must be there.
    ///
    /// They may be of any size: what a program cannot use of them, the verifier refuses.
    package func usePins(in directory: String) throws(BPFError) {
        for map in maps {
            let path = "\(directory)/\(String(cString: bpf_map__name(map)))"
            let pinned = Descriptor(owning: try check(bpf_obj_get(path), "open pinned map", path))
            let result = pinned.withRaw { bpf_map__reuse_fd(map, $0) }
            try check(result, "use pinned map", path)
        }
    }

    /// Uses the maps of a loaded object for those of the same name here.
    package func shareMaps<Other>(of other: borrowing Object<Other>) throws(BPFError) {
        var loaded: [String: OpaquePointer] = [:]
        for map in other.maps { loaded[String(cString: bpf_map__name(map))] = map }
        for map in maps {
            let name = String(cString: bpf_map__name(map))
            guard let source = loaded[name] else { continue }
            try check(bpf_map__reuse_fd(map, bpf_map__fd(source)), "share map", name)
        }
    }

    /// Sizes a map before it is made; the ABI holds the default.
    package func setMaxEntries(
        of map: OpaquePointer,
        to count: Int
    ) throws(BPFError) {
        let name = String(cString: bpf_map__name(map))
        try check(bpf_map__set_max_entries(map, UInt32(count)), "size map", name)
    }
}
