import BPF
import BPFSupport
import CBPFABI
import CBPFPrograms
import Testing

extension Packets {
    /// The verifier's gate: every program loads, at a cost that leaves room.
    @Suite
    struct Loading {
        /// Instructions that the verifier may walk through: a tenth of its limit.
        private static let budget = 100_000

        @Test("every program passes the verifier within its budget")
        func verifier() throws {
            let workloads = try Object(
                "workload",
                workload__open(),
                { $0.pointee.obj },
                workload__load,
                workload__destroy
            )
            try workloads.shrink()
            try workloads.load()
            let hosts = try Object(
                "host",
                host__open(),
                { $0.pointee.obj },
                host__load,
                host__destroy
            )
            try hosts.shareMaps(of: workloads)
            try hosts.load()
            let sweeps = try Object(
                "sweep",
                sweep__open(),
                { $0.pointee.obj },
                sweep__load,
                sweep__destroy
            )
            try sweeps.shareMaps(of: workloads)
            try sweeps.load()
            let frames = try Object(
                "xdp",
                xdp__open(),
                { $0.pointee.obj },
                xdp__load,
                xdp__destroy
            )
            try frames.shareMaps(of: workloads)
            try frames.load()
            let raws = workloads.programs + hosts.programs + sweeps.programs + frames.programs
            for raw in raws {
                let program = try Program(raw)
                let identity = try program.identity()
                #expect(identity.verifiedInstructions < Self.budget, "\(program.name)")
                #expect(identity.tag.count == 16)
            }
            #expect(workloads.programs.count == 2)
            #expect(hosts.programs.count == 3)
            #expect(frames.programs.count == 1)
            #expect(sweeps.programs.count == 1)
        }

        @Test("what the verifier refuses is told in one line")
        func refused() throws {
            let object = try Object(
                "workload",
                workload__open(),
                { $0.pointee.obj },
                workload__load,
                workload__destroy
            )
            try object.makeSettingsUseless()
            let error = try #require(throws: BPFError.self) { try object.load() }
            #expect(error.operation == "load object")
            #expect(error.object == "workload")
            #expect(!error.detail.isEmpty)
            #expect(!error.description.contains("\n"), "\(error)")
        }
    }
}
