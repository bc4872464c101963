import Support
import Testing

/// Scenarios on clusters of network namespaces: real agents, the real plugin, real packets.
///
/// One after another, for two processors are soon busy; each on a cluster of its own, which
/// is taken down whatever happens.
@Suite(.serialized, .enabled(if: TestPlatform.hasNamespaces, "network namespaces need root"))
enum Topology {}
