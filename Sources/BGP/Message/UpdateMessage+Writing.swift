import Model
package import Wire

extension UpdateMessage {
    /// Writes the body as it stands; whoever fills a message keeps it within its length.
    func write(to writer: inout ByteWriter, _ context: MessageContext) {
        let hasPathIDs = context.addPath.contains(.v4)
        writer.writeLengthPrefixed(as: UInt16.self) { writer in
            for route in withdrawn { route.write(to: &writer, hasPathIDs: hasPathIDs) }
        }
        writer.writeLengthPrefixed(as: UInt16.self) { writer in
            multiprotocolReach?.write(to: &writer, context)
            multiprotocolUnreach?.write(to: &writer, context)
            attributes?.write(to: &writer, context, hasNLRI: !nlri.isEmpty)
        }
        for route in nlri { route.write(to: &writer, hasPathIDs: hasPathIDs) }
    }
}

extension MultiprotocolReach {
    /// Writes the whole attribute.
    package func write(to writer: inout ByteWriter, _ context: MessageContext) {
        let type = AttributeType.multiprotocolReach
        writeAttribute(type.flags, type.rawValue, to: &writer) { writer in
            AddressFamily(family).write(to: &writer)
            writer.writeLengthPrefixed(as: UInt8.self) { nextHop.write(to: &$0, family) }
            writer.write(UInt8(0))
            let hasPathIDs = context.addPath.contains(family)
            for route in nlri { route.write(to: &writer, hasPathIDs: hasPathIDs) }
        }
    }
}

extension NextHop {
    /// In IPv4's own form only for IPv4 routes.
    func write(to writer: inout ByteWriter, _ family: Family) {
        if family == .v4, let v4 = address.v4 { return writer.write(v4) }
        writer.write(address.high)
        writer.write(address.low)
        guard let linkLocal else { return }
        writer.write(linkLocal.high)
        writer.write(linkLocal.low)
    }
}

extension MultiprotocolUnreach {
    /// Writes the whole attribute.
    package func write(to writer: inout ByteWriter, _ context: MessageContext) {
        let type = AttributeType.multiprotocolUnreach
        writeAttribute(type.flags, type.rawValue, to: &writer) { writer in
            family.write(to: &writer)
            let hasPathIDs = family.unicast.map { context.addPath.contains($0) } ?? false
            for route in withdrawn { route.write(to: &writer, hasPathIDs: hasPathIDs) }
        }
    }
}
