// A source may be cancelled from any thread; Dispatch does not say so yet.
@preconcurrency internal import Dispatch
internal import Glibc

/// Requests of the operating system to end.
package enum Signals {
    /// Waits for SIGTERM or SIGINT; the first one, even when it came before.
    package static func termination() -> AsyncStream<Int32> {
        AsyncStream(bufferingPolicy: .bufferingOldest(1)) { continuation in
            let sources = [SIGTERM, SIGINT].map { number in
                // The source sees it only when the default, death, is out of the way.
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number)
                source.setEventHandler { continuation.yield(number) }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in sources.forEach { $0.cancel() } }
        }
    }
}
