import BPF
import Glibc
import Linux

/// Where the agent's pins are.
///
///     <root>/maps/cara_verdicts
///     <root>/links/from_workload-12-cali0123456789a
struct Layout {
    let root: String

    var maps: String { "\(root)/maps" }
    var links: String { "\(root)/links" }

    /// The pin of a program's link to an interface; a BPF file system takes no dots.
    func link(of program: ProgramName, _ interface: String, _ ifindex: UInt32) -> String {
        let name = String(interface.map { $0 == "." ? "_" : $0 })
        return "\(links)/\(program.rawValue)-\(ifindex)-\(name)"
    }

    /// Whether maps of a former agent are here.
    var hasMaps: Bool { access("\(maps)/\(MapName.endpoints.rawValue)", F_OK) == 0 }

    /// The program and interface index that a pin's name tells of.
    static func parse(_ name: String) -> (program: ProgramName, ifindex: UInt32)? {
        let parts = name.split(separator: "-", maxSplits: 2)
        guard parts.count == 3, let program = ProgramName(rawValue: String(parts[0])),
            let ifindex = UInt32(parts[1])
        else { return nil }
        return (program, ifindex)
    }

    /// Mounts a BPF file system where there is none, and makes the directories.
    func prepare() throws(DataplaneError) {
        do throws(BPFError) {
            if root.hasPrefix(FileSystem.standardPath + "/") {
                try FileSystem.mountIfMissing()
            } else if !FileSystem.isMounted(at: parent(of: root)) {
                try FileSystem.mountIfMissing(at: root)
            }
            try FileSystem.makeDirectory(root)
            try FileSystem.makeDirectory(maps)
            try FileSystem.makeDirectory(links)
        } catch {
            throw .missing(feature: "a BPF file system at \(root)", reason: "\(error)")
        }
    }

    /// Names of all pinned links.
    func pinnedLinks() -> [String] {
        guard let directory = opendir(links) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
