package import Datastore
package import Model

/// Why addresses were not handed out, found or given back.
package enum IPAMError: Error, Hashable, Sendable {
    case store(DatastoreError)
    /// No such node, handle or allocation; the text names it.
    case notFound(String)
    case alreadyAssigned(Address)
    /// The caller's picture of the allocation is out of date: other handle or sequence number.
    case mismatch(Address, expected: String, actual: String)
    case unknownPool(String)
    case noPool(String)
    case blockLimit(node: String, limit: Int)
    case notAffine(block: Prefix, node: String)
    case notEmpty(block: Prefix)
    /// New blocks are needed and `autoAllocateBlocks` is off.
    case noNewBlocks(node: String)
    case invalid(String)
    case tooManyConflicts(String)
}

extension IPAMError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .store(let error): "\(error)"
        case .notFound(let what): "\(what) does not exist"
        case .alreadyAssigned(let address): "\(address) is already assigned"
        case .mismatch(let address, let expected, let actual):
            "\(address) is held by \(actual), not by \(expected)"
        case .unknownPool(let pool): "the IP pool \(pool) does not exist or is disabled"
        case .noPool(let why): "no IP pool qualifies: \(why)"
        case .blockLimit(let node, let limit):
            "\(node) needs another block and has reached its limit of \(limit)"
        case .notAffine(let block, let node): "block \(block) has no affinity to \(node)"
        case .notEmpty(let block): "block \(block) has addresses in use"
        case .noNewBlocks(let node):
            "\(node) needs another block and autoAllocateBlocks is off"
        case .invalid(let why): why
        case .tooManyConflicts(let what): "gave up on \(what): too many concurrent writers"
        }
    }
}
