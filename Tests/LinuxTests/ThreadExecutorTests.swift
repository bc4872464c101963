import CLinux
import Glibc
import Linux
import Testing

private actor Kernel {
    private let executor: ThreadExecutor
    private var count = 0
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(executor: ThreadExecutor) {
        self.executor = executor
    }

    func thread() -> Int32 { linux_gettid() }

    func add() -> Int {
        count += 1
        return count
    }
}

@Suite
struct ThreadExecutorTests {
    @Test("an actor stays on its own thread")
    func ownThread() async throws {
        let executor = try ThreadExecutor()
        defer { executor.stop() }
        let kernel = Kernel(executor: executor)
        let first = await kernel.thread()
        await Task.yield()
        let second = await kernel.thread()
        #expect(first == second)
        #expect(first != getpid())
    }

    @Test("jobs from many tasks all run, one after the other")
    func many() async throws {
        let executor = try ThreadExecutor()
        defer { executor.stop() }
        let kernel = Kernel(executor: executor)
        let seen = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<1000 { group.addTask { await kernel.add() } }
            return await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(seen == Set(1...1000))
    }
}
