/// How a store file is opened and how much history it keeps.
package struct StoreOptions: Hashable, Sendable {
    /// Makes the file, and its directory, when this instance first uses them and they are missing.
    ///
    /// A file that disappears later is never made anew: an empty store would withdraw all policy.
    package var createsFile = true
    /// Changes that watchers can still be told of, at least.
    package var historyRevisions: UInt64 = 10_000
    /// The history is cut earlier when its objects are larger than this together.
    package var historyBytes: Int64 = 64 << 20
    /// How long to wait for a lock that another process holds.
    package var lockTimeout: Duration = .seconds(10)

    package init() {}
}
