package import Model

/// A request for any free addresses.
package struct AssignRequest: Hashable, Sendable {
    package var node: String
    package var num4: Int
    package var num6: Int
    /// Under which the addresses can be found and released together.
    package var handle: String?
    /// Stored with each address: `pod`, `namespace`, `node`, `timestamp` and so on.
    package var attributes: [String: String] = [:]
    /// Names or CIDRs of pools to use, in this order; empty leaves it to the selectors.
    package var pools4: [String] = []
    package var pools6: [String] = []
    package var use = PoolUse.workload
    package var namespaceLabels: [String: String] = [:]
    /// The smaller of this and the configured limit holds; 0 asks for none of its own.
    package var maxBlocksPerHost = 0
    /// The handle may hold at most so many addresses of a family; `nil` for any number.
    package var maxPerHandle: Int?

    package init(node: String, num4: Int = 0, num6: Int = 0, handle: String? = nil) {
        self.node = node
        self.num4 = num4
        self.num6 = num6
        self.handle = handle
    }

    var affinity: Affinity { use == .loadBalancer ? .loadBalancer : .host(node) }

    var owner: AllocationAttributes { AllocationAttributes(handle: handle, owner: attributes) }
}

/// What came of an ``AssignRequest``.
///
/// Fewer addresses than asked for is no failure in itself: the pools are exhausted then.
package struct Assignment: Hashable, Sendable {
    package internal(set) var addresses4: [Address] = []
    package internal(set) var addresses6: [Address] = []
    /// Why assigning ended early; addresses assigned until then are in force.
    package internal(set) var failure: IPAMError?

    package init() {}

    package var addresses: [Address] { addresses4 + addresses6 }
}

/// A request for one particular address.
package struct AddressRequest: Hashable, Sendable {
    package var address: Address
    package var node: String
    package var handle: String?
    package var attributes: [String: String] = [:]
    /// `nil` skips the check of the pool's allowed uses.
    package var use: PoolUse?

    package init(_ address: Address, node: String, handle: String? = nil) {
        self.address = address
        self.node = node
        self.handle = handle
    }

    var affinity: Affinity { use == .loadBalancer ? .loadBalancer : .host(node) }

    var owner: AllocationAttributes { AllocationAttributes(handle: handle, owner: attributes) }
}
