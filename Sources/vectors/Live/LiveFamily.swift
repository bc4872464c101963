import Cluster
import Model

/// A family whose cases can be shown with real packets, on pods of a cluster of network namespaces.
protocol LiveFamily: VectorFamily {
    /// The addresses that the file gives each pod, of one family or of both.
    var addresses: [String: Set<Address>] { get }

    /// The states that a case goes through.
    func scenes(of vector: VectorCase) throws -> LiveScenes
}

enum LiveScenes {
    case scenes([LiveScene])
    case skipped(String)
}

/// One state of a cluster and who reaches whom in it.
struct LiveScene {
    struct Reach: Hashable {
        let source: String
        let destination: String
        let port: ProbePort
    }

    let name: String
    let model: ClusterModel
    var expected: [Reach: Bool] = [:]

    init(_ name: String, _ model: ClusterModel) {
        self.name = name
        self.model = model
    }

    /// An expectation about a port as the cases write it; a pod reaches itself always.
    mutating func expect(
        _ source: String,
        _ destination: String,
        _ protocolName: String,
        _ port: Int,
        isAllowed: Bool
    ) throws {
        guard source != destination else { return }
        guard let kind = ProbePort.Kind(rawValue: protocolName.uppercased()),
            let number = UInt16(exactly: port)
        else { throw VectorError("\(protocolName)/\(port) cannot be probed") }
        let reach = Reach(
            source: source,
            destination: destination,
            port: ProbePort(kind, number)
        )
        expected[reach] = isAllowed
    }
}

extension LiveFamily {
    /// Shows each state of the case to a cluster and asks the packets.
    func run(_ vector: VectorCase, on cluster: LiveCluster) async throws -> Outcome {
        let scenes: [LiveScene]
        switch try self.scenes(of: vector) {
        case .skipped(let reason): return .skipped(reason)
        case .scenes(let list): scenes = list
        }
        var differences: [String] = []
        for scene in scenes {
            differences += try await cluster.differences(from: scene).map { "\(scene.name)\($0)" }
        }
        return differences.isEmpty ? .passed : .failed(differences)
    }
}
