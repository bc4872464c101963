import Glibc

private final class ThreadBody {
    let run: () -> Void

    init(_ run: @escaping () -> Void) {
        self.run = run
    }
}

/// The C side of ``startThread(_:)``: takes the body over and runs it.
private let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
    context in
    guard let context else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

/// Starts a detached thread that ends when `body` returns.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(LinuxError) {
    let thread = try createThread(body)
    pthread_detach(thread)
}

/// Runs `body`, which may block in the kernel, on a thread made for it; the task is suspended
/// meanwhile and holds no thread of the shared pool.
///
/// A thread costs some 50 µs; many at once are fine where the kernel makes them wait, as the
/// deletion of links does.
package func offPool<R: Sendable>(
    _ body: @escaping @Sendable () throws -> R
) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        do throws(LinuxError) {
            try startThread { continuation.resume(with: Result { try body() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// Runs `body` on a thread made for it and waits for its end: what the body does to its thread,
/// such as entering a namespace, dies with it.
///
/// The caller is blocked meanwhile, so `body` never runs beside it and need not be `Sendable`.
func onOwnThread(_ body: () -> Void) throws(LinuxError) {
    var failure: LinuxError?
    withoutActuallyEscaping(body) { body in
        do throws(LinuxError) {
            let thread = try createThread(body)
            pthread_join(thread, nil)
        } catch {
            failure = error
        }
    }
    if let failure { throw failure }
}

private func createThread(_ body: @escaping () -> Void) throws(LinuxError) -> pthread_t {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(body))
    let result = pthread_create(&thread, nil, threadMain, context.toOpaque())
    guard result == 0 else {
        context.release()
        throw LinuxError(call: "pthread_create", errno: result)
    }
    return thread
}
