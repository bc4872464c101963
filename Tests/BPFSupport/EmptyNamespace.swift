import Linux

/// Runs `body` in a new namespace, with the index of its only interface, the loopback.
package func inNamespace(_ body: (UInt32) throws -> Void) throws {
    let namespace = try NetworkNamespace.create()
    // A new namespace's loopback interface always has index 1.
    try namespace.run { try body(1) }
}
