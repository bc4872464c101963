package import Linux
package import Netlink

/// Why a pod's interface is not as it should be.
package enum PodNetworkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path leads to no network namespace (any more).
    case noNamespace(path: String, reason: LinuxError)
    /// The pod has an interface of that name which is not ours.
    case interfaceExists(name: String, namespace: String)
    /// What was asked for makes no sense.
    case invalid(String)
    /// What is there differs from what should be.
    case mismatch(String)
    case netlink(NetlinkError)
    case linux(LinuxError)

    package var description: String {
        switch self {
        case .noNamespace(let path, let reason): "no network namespace at \(path): \(reason)"
        case .interfaceExists(let name, let namespace):
            "an interface \(name) that is not ours exists in \(namespace)"
        case .invalid(let reason): reason
        case .mismatch(let reason): reason
        case .netlink(let error): error.description
        case .linux(let error): error.description
        }
    }

    /// Brings the errors of the modules below into one type; runs inside namespaces are untyped.
    static func wrapping<R: ~Copyable>(_ body: () throws -> R) throws(PodNetworkError) -> R {
        do {
            return try body()
        } catch let error as PodNetworkError {
            throw error
        } catch let error as NetlinkError {
            throw .netlink(error)
        } catch let error as LinuxError {
            throw .linux(error)
        } catch {
            preconditionFailure("no error of these modules: \(error)")
        }
    }
}
