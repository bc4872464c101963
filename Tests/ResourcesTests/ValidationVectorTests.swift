import JSON
import Resources
import Support
import Testing

@Suite("Validation vectors", .enabled(if: Vectors.areWanted, "needs shared/vectors"))
struct ValidationVectorTests {
    @Test("objects are accepted and refused as Calico does")
    func validation() throws {
        for vector in try Self.cases("validation.dev.json") where vector["schema_valid"] == nil {
            let id = vector["id"]?.string ?? "?"
            let object = try #require(vector["object"])
            let errors = validate(Resource(object))
            let description = vector["description"]?.string ?? ""
            #expect(
                errors.isEmpty == vector["valid"]?.bool,
                "\(id) \(description): \(errors) in \(object)"
            )
        }
    }

    @Test(
        "what Calico ran with is valid, also after defaulting",
        arguments: ["policy_resources", "bgp", "k8s_networkpolicy", "k8s_recipes", "anp_cnp"]
    )
    func resources(file: String) throws {
        for vector in try Self.cases("\(file).dev.json") {
            let id = vector["id"]?.string ?? "?"
            for object in Self.objects(in: vector) {
                let resource = Resource(object)
                guard ResourceKind(resource.type) != nil else { continue }
                let errors = validate(resource)
                #expect(
                    errors.allSatisfy(Self.isKnownDeviation),
                    "\(id): \(resource.key): \(errors)"
                )
                guard errors.isEmpty else { continue }
                let defaulted = validate(applyDefaults(resource))
                #expect(defaulted.isEmpty, "\(id): \(resource.key) with defaults: \(defaulted)")
            }
        }
    }

    /// The makers of these cases went around the validator: rules for ICMP of the other IP version,
    /// and YAML whose unquoted booleans and numbers stand for labels and communities.
    private static func isKnownDeviation(_ error: FieldError) -> Bool {
        error.reason.contains("is of IP version") || error.reason.hasSuffix("quote it")
    }

    private static func objects(in value: JSONValue) -> [JSONValue] {
        switch value {
        case .object(let object):
            if value["apiVersion"]?.string != nil, value["kind"]?.string != nil { return [value] }
            return object.members.flatMap { objects(in: $0.value) }
        case .array(let elements): return elements.flatMap(objects)
        default: return []
        }
    }

    private static func cases(_ file: String) throws -> [JSONValue] {
        let bytes = try #require(Vectors.bytes(file), "no shared/vectors/\(file) above the package")
        return try #require(try JSONValue(parsing: bytes)["cases"]?.array)
    }
}
