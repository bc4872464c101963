internal import Datastore
internal import JSON
internal import Resources

/// A kind of IPAM object: its name in the store and its spec both ways.
protocol IPAMObject: Hashable, Sendable {
    static var kind: String { get }
    var objectName: String { get }
    var spec: JSONValue { get }
    init(spec: JSONValue) throws(BlockFormatError)
}

/// An object as read or written, with what compare-and-swap needs.
struct Stored<Value: IPAMObject>: Sendable {
    var value: Value
    let metadata: JSONValue

    var revision: String? { metadata["resourceVersion"]?.string }

    init(_ resource: Resource) throws(IPAMError) {
        do throws(BlockFormatError) {
            value = try Value(spec: resource.spec)
        } catch {
            throw .store(.corrupt(resource.key, error.reason))
        }
        metadata = resource.metadata
    }

    init(_ value: Value, metadata: JSONValue) {
        self.value = value
        self.metadata = metadata
    }

    var resource: Resource {
        var resource = Resource(
            .calico(Value.kind),
            version: "v3",
            name: value.objectName,
            spec: value.spec
        )
        resource.metadata = metadata
        return resource
    }
}

extension Block: IPAMObject {
    static var kind: String { "IPAMBlock" }
    var objectName: String { ObjectName.block(cidr) }
}
