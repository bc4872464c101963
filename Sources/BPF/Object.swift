import CLibBPF
import Glibc

/// An object file's maps and programs, from opening to loading; owns what libbpf allocated.
///
/// `Skeleton` is the C struct that `bpftool gen skeleton` made, so that maps and programs are named
/// by fields that the compiler checks:
///
/// ```swift
/// let host = try Object("host", host__open(), \.obj, host__load, host__destroy)
/// try host.reusePins(in: "/sys/fs/bpf/caracal")
/// try host.load()
/// let program = try Program(host.skeleton.pointee.progs.from_host)
/// ```
package struct Object<Skeleton>: ~Copyable {
    package let name: String
    package let skeleton: UnsafeMutablePointer<Skeleton>
    private let object: OpaquePointer
    private let loading: (UnsafeMutablePointer<Skeleton>) -> Int32
    private let destroying: (UnsafeMutablePointer<Skeleton>) -> Void

    /// Takes over an opened skeleton; `nil` means that libbpf could not open it.
    package init(
        _ name: String,
        _ open: @autoclosure () -> UnsafeMutablePointer<Skeleton>?,
        _ object: (UnsafeMutablePointer<Skeleton>) -> OpaquePointer?,
        _ load: @escaping (UnsafeMutablePointer<Skeleton>) -> Int32,
        _ destroy: @escaping (UnsafeMutablePointer<Skeleton>) -> Void
    ) throws(BPFError) {
        let (skeleton, text) = LibBPFLog.capture(open)
        guard let skeleton, let object = object(skeleton) else {
            throw BPFError(
                operation: "open object",
                object: name,
                errno: errno,
                detail: LibBPFLog.reason(in: text)
            )
        }
        self.name = name
        self.skeleton = skeleton
        self.object = object
        loading = load
        destroying = destroy
    }

    deinit {
        destroying(skeleton)
    }

    /// Verifies and loads everything.
    ///
    /// The error's detail is the verifier's last meaningful line.
    package func load() throws(BPFError) {
        let (result, text) = LibBPFLog.capture { loading(skeleton) }
        guard result < 0 else { return }
        throw BPFError(
            operation: "load object",
            object: name,
            errno: -result,
            detail: LibBPFLog.reason(in: text)
        )
    }

    /// The maps that the object declares; those that the compiler made for constants are left out.
    package var maps: [OpaquePointer] {
        var result: [OpaquePointer] = []
        var next = bpf_object__next_map(object, nil)
        while let map = next {
            if !bpf_map__is_internal(map) { result.append(map) }
            next = bpf_object__next_map(object, map)
        }
        return result
    }

    /// The programs of the object.
    package var programs: [OpaquePointer] {
        var result: [OpaquePointer] = []
        var next = bpf_object__next_program(object, nil)
        while let program = next {
            result.append(program)
            next = bpf_object__next_program(object, program)
        }
        return result
    }
}
