/// Why a cluster on this machine could not do what it was asked; one sentence.
package struct ClusterError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
