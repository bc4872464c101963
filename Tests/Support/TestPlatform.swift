import Glibc

/// What the machine lets tests do.
///
/// With REQUIRE_BPF=1, as in CI, nothing is skipped: a test that cannot run fails.
package enum TestPlatform {
    /// Network namespaces can be made and configured.
    package static let hasNamespaces = isRequired || geteuid() == 0

    private static let isRequired = getenv("REQUIRE_BPF") != nil
}
