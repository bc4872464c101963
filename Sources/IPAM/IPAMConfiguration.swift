package import JSON
package import Resources

/// The IPAMConfiguration named `default`, with Calico's defaults.
package struct IPAMConfiguration: Hashable, Sendable {
    /// Nodes take addresses from their own blocks only.
    package var strictAffinity = false
    /// 0 stands for ``defaultMaxBlocksPerHost``.
    package var maxBlocksPerHost = 0
    package var autoAllocateBlocks = true
    /// How long a released address rests before it may be used again.
    package var cooldown = Duration.zero

    /// A guard against runaway allocation, as in Calico.
    package static let defaultMaxBlocksPerHost = 20

    package static let key = ResourceKey(.calico("IPAMConfiguration"), name: "default")

    package init() {}

    package init(spec: JSONValue) {
        strictAffinity = spec["strictAffinity"]?.bool ?? false
        maxBlocksPerHost = Int(spec["maxBlocksPerHost"]?.int ?? 0)
        autoAllocateBlocks = spec["autoAllocateBlocks"]?.bool ?? true
        cooldown = .seconds(spec["ipCooldownSeconds"]?.int ?? 0)
    }

    package var spec: JSONValue {
        var spec: JSONValue = [
            "strictAffinity": .bool(strictAffinity),
            "maxBlocksPerHost": .int(Int64(maxBlocksPerHost)),
            "autoAllocateBlocks": .bool(autoAllocateBlocks),
        ]
        let seconds = cooldown.components.seconds
        if seconds > 0 { spec["ipCooldownSeconds"] = .int(seconds) }
        return spec
    }

    /// Why the settings do not go together; `nil` when they do.
    package var contradiction: String? {
        if !strictAffinity, !autoAllocateBlocks {
            return "strictAffinity and autoAllocateBlocks cannot both be false"
        }
        if maxBlocksPerHost > 0, !strictAffinity {
            return "maxBlocksPerHost requires strictAffinity"
        }
        return nil
    }

    /// The limit for a request with one of its own.
    func blockLimit(_ requested: Int) -> Int {
        switch (requested, maxBlocksPerHost) {
        case (0, 0): Self.defaultMaxBlocksPerHost
        case (0, let configured): configured
        case (let requested, 0): requested
        case (let requested, let configured): min(requested, configured)
        }
    }
}
