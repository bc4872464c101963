import BPF
import CBPFABI
import CBPFPrograms

/// The walk over all connections that the kernel does for us (`bpf/prog/sweep.bpf.c`): adds what they
/// have counted to their rules, and finds those that nobody will ask for any more.
struct ConnectionSweep: ~Copyable {
    private let object: Object<sweep>
    private let walk: MapWalk

    /// Loads the program over the pinned maps and binds it to the table of connections.
    init(
        pinnedIn directory: String,
        over map: borrowing BPF.Map<cara_conn_key, cara_conn>
    ) throws(DataplaneError) {
        do throws(BPFError) {
            let object = try Object(
                "sweep",
                sweep__open(),
                { $0.pointee.obj },
                sweep__load,
                { sweep__destroy($0) }
            )
            try object.usePins(in: directory)
            try object.load()
            let walk = try MapWalk(Program(object.skeleton.pointee.progs.sweep_conns), over: map)
            self.object = object
            self.walk = walk
        } catch {
            throw .missing(feature: "a kernel that walks over maps", reason: "\(error)")
        }
    }

    /// Walks once: how many connections there are, and which of them have ended.
    ///
    /// `now` is of the monotonic clock.
    borrowing func run(
        now: UInt64
    ) throws(DataplaneError) -> (seen: Int, expired: [cara_conn_key]) {
        object.skeleton.pointee.bss.pointee.sweep_now = now
        object.skeleton.pointee.bss.pointee.sweep_seen = 0
        do throws(BPFError) {
            let expired = try walk.run(cara_conn_key.self)
            return (Int(object.skeleton.pointee.bss.pointee.sweep_seen), expired)
        } catch {
            throw .map(.conns, object: "all entries", reason: "\(error)")
        }
    }
}
