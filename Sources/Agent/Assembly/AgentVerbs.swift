internal import CNI
internal import Control
internal import Dataplane
internal import JSON
internal import Model

/// What the agent does for those who ask at its socket.
///
/// cni      one call of the CNI plugin
/// status   how the agent is, and what it holds
/// drops    packets by reason, and the last ones
/// policy   a policy's rules and what they decided
/// explain  an endpoint's rules in their order
/// trace    what the kernel's maps say of a flow at the ends that are this node's
/// audit    maps compared with what they should hold; {"repair": false} only tells
/// flows    what it has seen of late, see AgentVerbs+Flows.swift
struct AgentVerbs: Sendable {
    let node: String
    let connector: PodConnector
    let dataplane: Dataplane
    let watch: FlowWatch
    let policy: PolicyLoop
    let drops: DropLog
    let health: Health
    let metrics: Metrics

    func answer(_ request: ControlRequest) async -> ControlResponse {
        switch request.verb {
        case "cni": await cni(request.body)
        case "status": .success(await status())
        case "drops": await drops(request.body)
        case "policy": await showPolicy(request.body)
        case "explain": await explain(request.body)
        case "trace": await trace(request.body)
        case "audit": await audit(request.body)
        case "flows": await flows(request.body)
        default: .failure(ControlFailure(code: 1, message: "unknown verb \(request.verb)"))
        }
    }

    // MARK: CNI

    private func cni(_ body: JSONValue) async -> ControlResponse {
        let clock = ContinuousClock()
        let start = clock.now
        var command = "invalid"
        let response: ControlResponse
        do throws(CNIError) {
            let request = try CNIRequest(json: body)
            command = request.invocation.command.rawValue
            response = .success(try await perform(request))
        } catch {
            response = .failure(
                ControlFailure(
                    code: error.code.rawValue,
                    message: error.message,
                    details: error.details
                )
            )
        }
        let isGood = if case .success = response { true } else { false }
        let labels = ["command": command]
        metrics.observe(.cniSeconds, clock.now - start, labels)
        let result = isGood ? "ok" : "error"
        metrics.add(.cniRequests, 1, labels.merging(["result": result]) { $1 })
        return response
    }

    private func perform(_ request: CNIRequest) async throws(CNIError) -> JSONValue {
        switch request.invocation.command {
        case .add: return try await connector.add(request).json(for: request.configuration.version)
        case .delete: try await connector.delete(request)
        case .check: try await connector.check(request)
        case .collectGarbage: try await connector.collectGarbage(request)
        case .version: return versionResult(for: request.configuration.version)
        case .status:
            let readiness = health.readiness()
            guard readiness.isGood else {
                throw CNIError(
                    .notAvailable,
                    "the agent is not ready",
                    details: readiness.text
                )
            }
            try await connector.status()
        }
        return .null
    }

    // MARK: For people

    private func status() async -> JSONValue {
        let readiness = health.readiness()
        var status: JSONValue = [
            "node": .string(node),
            "ready": .bool(readiness.isGood),
            "health": .array(
                readiness.text.split(separator: "\n").map { .string(String($0)) }
            ),
        ]
        guard let statistics = try? await dataplane.statistics() else { return status }
        status["liveAddresses"] = .int(Int64(statistics.liveAddresses))
        status["programs"] = .int(Int64(statistics.programs))
        status["bitmapPrograms"] = .int(Int64(statistics.programsByForm[.bitmap] ?? 0))
        status["classes"] = .int(Int64(statistics.classes))
        status["untracked"] = .object(
            JSONObject(
                statistics.untracked.sorted { $0.key < $1.key }
                    .map { (key: $0.key, value: .string($0.value.description)) }
            )
        )
        status["mapWrites"] = .int(Int64(statistics.mapWrites.values.reduce(0, +)))
        if let snapshot = try? await dataplane.snapshot() {
            status["endpoints"] = .array(snapshot.endpoints.map(\.json))
            status["waiting"] = .object(
                JSONObject(
                    snapshot.waiting.map { (key: $0.key.description, value: .string($0.value)) }
                )
            )
        }
        return status
    }

    private func audit(_ body: JSONValue) async -> ControlResponse {
        do {
            let mode: AuditMode = body["repair"]?.bool == false ? .report : .repair
            let findings = try await dataplane.auditAll(mode)
            return .success([
                "maps": .array(AuditPass.maps.map { .string($0.rawValue) }),
                "repaired": .bool(mode == .repair),
                "findings": .array(findings.map(\.json)),
            ])
        } catch {
            return .failure(ControlFailure(code: 1, message: "\(error)"))
        }
    }
}

extension DataplaneSnapshot.Endpoint {
    fileprivate var json: JSONValue {
        var json: JSONValue = [
            "address": .string(address.description),
            "ready": .bool(isReady),
            "ingressProgram": .int(Int64(ingressProgram)),
            "egressProgram": .int(Int64(egressProgram)),
        ]
        json["endpoint"] = id.map { .string($0.description) }
        json["interface"] = interface.map { .string($0) }
        return json
    }
}

extension AuditFinding {
    fileprivate var json: JSONValue {
        var json: JSONValue = ["map": .string(map.rawValue), "entry": .string(object)]
        json["expected"] = expected.map { .string($0) }
        json["found"] = found.map { .string($0) }
        return json
    }
}
