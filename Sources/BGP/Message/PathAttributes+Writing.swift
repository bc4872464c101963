import Model
package import Wire

extension PathAttributes {
    /// Writes all attributes in ascending order of their types, but those of `reach` and `unreach`
    /// first, where RFC 7606 §5.1 wants them.
    ///
    /// NEXT_HOP is written only if `hasNLRI`.
    package func write(
        to writer: inout ByteWriter,
        _ context: MessageContext,
        hasNLRI: Bool
    ) {
        write(.origin, to: &writer) { $0.write(origin.rawValue) }
        write(.asPath, to: &writer) {
            asPath.write(to: &$0, hasFourOctets: context.hasFourOctetAS)
        }
        if hasNLRI, let v4 = nextHop?.address.v4 { write(.nextHop, v4, to: &writer) }
        write(.multiExitDiscriminator, multiExitDiscriminator, to: &writer)
        write(.localPreference, localPreference, to: &writer)
        if isAtomicAggregate { write(.atomicAggregate, to: &writer) { _ in } }
        writeAggregator(to: &writer, context)
        write(.communities, communities, to: &writer) { $0.write($1.rawValue) }
        write(.originatorID, originatorID, to: &writer)
        write(.clusterList, clusterList, to: &writer) { $0.write($1) }
        write(.extendedCommunities, extendedCommunities, to: &writer) { $0.write($1.rawValue) }
        writeAS4(to: &writer, context)
        write(.largeCommunities, largeCommunities, to: &writer) { writer, community in
            writer.write(community.administrator)
            writer.write(community.local1)
            writer.write(community.local2)
        }
        write(.onlyToCustomer, onlyToCustomer, to: &writer)
        for one in unknown {
            var flags: AttributeFlags = [.optional, .transitive]
            if one.isPartial { flags.insert(.partial) }
            writeAttribute(flags, one.type, to: &writer) { $0.write(bytes: one.value) }
        }
    }

    private func write(
        _ type: AttributeType,
        to writer: inout ByteWriter,
        _ value: (inout ByteWriter) -> Void
    ) {
        writeAttribute(type.flags, type.rawValue, to: &writer, value)
    }

    private func write(_ type: AttributeType, _ number: UInt32?, to writer: inout ByteWriter) {
        guard let number else { return }
        write(type, to: &writer) { $0.write(number) }
    }

    private func write<Element>(
        _ type: AttributeType,
        _ list: [Element],
        to writer: inout ByteWriter,
        _ one: (inout ByteWriter, Element) -> Void
    ) {
        guard !list.isEmpty else { return }
        write(type, to: &writer) { writer in
            for element in list { one(&writer, element) }
        }
    }

    private func writeAggregator(to writer: inout ByteWriter, _ context: MessageContext) {
        guard let aggregator else { return }
        write(.aggregator, to: &writer) { writer in
            if context.hasFourOctetAS {
                writer.write(aggregator.autonomousSystem)
            } else {
                writer.write(
                    UInt16(exactly: aggregator.autonomousSystem) ?? OpenMessage.asTrans
                )
            }
            writer.write(aggregator.identifier)
        }
    }

    /// What a 2-octet speaker passes on to the next that knows better (RFC 6793 §4.2.2).
    private func writeAS4(to writer: inout ByteWriter, _ context: MessageContext) {
        guard !context.hasFourOctetAS else { return }
        if asPath.needsFourOctets {
            write(.as4Path, to: &writer) {
                asPath.withoutConfederations.write(to: &$0, hasFourOctets: true)
            }
        }
        guard let aggregator, aggregator.autonomousSystem > UInt32(UInt16.max) else { return }
        write(.as4Aggregator, to: &writer) { writer in
            writer.write(aggregator.autonomousSystem)
            writer.write(aggregator.identifier)
        }
    }
}

/// Writes flags, type, length and what `value` appends; a long value gets the longer length.
func writeAttribute(
    _ flags: AttributeFlags,
    _ type: UInt8,
    to writer: inout ByteWriter,
    _ value: (inout ByteWriter) -> Void
) {
    let start = writer.count
    writer.write(flags.rawValue)
    writer.write(type)
    writer.write(UInt8(0))
    value(&writer)
    let length = writer.count - start - 3
    guard length > 255 else { return writer.patch(UInt8(length), at: start + 2) }
    writer.insertLength(UInt16(length), at: start + 2)
    writer.patch(flags.union(.extendedLength).rawValue, at: start)
}

extension ByteWriter {
    /// Makes an octet that stands for a length into two.
    fileprivate mutating func insertLength(_ length: UInt16, at offset: Int) {
        let tail = Array(bytes[(offset + 1)...])
        write(UInt8(0))
        patch(length, at: offset)
        patch(bytes: tail, at: offset + 2)
    }
}

extension ASPath {
    func write(to writer: inout ByteWriter, hasFourOctets: Bool) {
        forEachSegment { kind, range in
            writer.write(kind.rawValue)
            writer.write(UInt8(range.count))
            for index in range {
                if hasFourOctets {
                    writer.write(words[index])
                } else {
                    writer.write(UInt16(exactly: words[index]) ?? OpenMessage.asTrans)
                }
            }
        }
    }
}
