/// A Prometheus metric: its name, written once, and what it tells.
///
/// Names of Felix's are used where the meaning is Felix's, so that its dashboards go on working.
package struct Metric: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case counter
        case gauge
        /// A sum and a count.
        case summary
    }

    package let name: String
    package let kind: Kind
    package let help: String

    package init(_ kind: Kind, _ name: String, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }
}

extension Metric {
    package static let localEndpoints = Self(
        .gauge,
        "felix_active_local_endpoints",
        "Number of active endpoints on this host."
    )
    package static let localPolicies = Self(
        .gauge,
        "felix_active_local_policies",
        "Number of active policies on this host."
    )
    package static let applySeconds = Self(
        .summary,
        "felix_int_dataplane_apply_time_seconds",
        "Time taken to apply a change to the kernel."
    )
    package static let inForceSeconds = Self(
        .summary,
        "caracal_policy_in_force_seconds",
        "Time from the agent's taking up what the store says to the last verdict in the kernel."
    )
    package static let applyFailures = Self(
        .counter,
        "felix_int_dataplane_failures",
        "Number of changes that could not be applied and are retried."
    )
    package static let compileSeconds = Self(
        .summary,
        "felix_calc_graph_update_time_seconds",
        "Time taken to compile a batch of updates."
    )
    package static let batchSize = Self(
        .summary,
        "felix_int_dataplane_msg_batch_size",
        "Number of updates in a batch."
    )
    package static let resyncState = Self(
        .gauge,
        "felix_resync_state",
        "State of the store's watch: 1 waiting, 2 reading a snapshot, 3 in sync."
    )
    package static let resyncsStarted = Self(
        .counter,
        "felix_resyncs_started",
        "Number of times a snapshot of the store was begun."
    )
    package static let clusterHosts = Self(
        .gauge,
        "felix_cluster_num_hosts",
        "Number of nodes in the cluster."
    )
    package static let clusterWorkloads = Self(
        .gauge,
        "felix_cluster_num_workload_endpoints",
        "Number of workload endpoints in the cluster."
    )
    package static let clusterHostEndpoints = Self(
        .gauge,
        "felix_cluster_num_host_endpoints",
        "Number of host endpoints in the cluster."
    )
    package static let clusterPolicies = Self(
        .gauge,
        "felix_cluster_num_policies",
        "Number of policies in the cluster."
    )
    package static let clusterProfiles = Self(
        .gauge,
        "felix_cluster_num_profiles",
        "Number of profiles in the cluster."
    )
    package static let clusterTiers = Self(
        .gauge,
        "felix_cluster_num_tiers",
        "Number of tiers in the cluster."
    )
    package static let logErrors = Self(
        .counter,
        "felix_log_errors",
        "Number of messages logged at level error or above."
    )
    package static let auditPasses = Self(
        .counter,
        "caracal_audit_passes_total",
        "Times that all BPF maps were compared with what they should hold."
    )
    package static let auditDifferences = Self(
        .counter,
        "caracal_audit_differences_total",
        "Entries of BPF maps that were found to differ and were repaired."
    )
    package static let mapWrites = Self(
        .counter,
        "caracal_map_writes_total",
        "Entries of BPF maps written or removed since the agent started, by map."
    )
    package static let drops = Self(
        .counter,
        "caracal_drops_total",
        "Packets dropped since the programs were loaded, by reason."
    )
    package static let residentMemory = Self(
        .gauge,
        "process_resident_memory_bytes",
        "Resident memory size in bytes."
    )
    package static let cniRequests = Self(
        .counter,
        "caracal_cni_requests_total",
        "CNI requests answered, by command and result."
    )
    package static let cniSeconds = Self(
        .summary,
        "caracal_cni_request_seconds",
        "Time taken to answer a CNI request, by command."
    )
    package static let invalidResources = Self(
        .gauge,
        "caracal_invalid_resources",
        "Objects of the store that are treated as absent because they are invalid."
    )
    package static let programs = Self(
        .gauge,
        "caracal_policy_programs",
        "Policy programs in the kernel's tables, by form: a table of verdicts, or bitmaps of rules."
    )
    package static let untrackedInterfaces = Self(
        .gauge,
        "caracal_untracked_policy_interfaces",
        "Interfaces with doNotTrack policy, by where it is enforced: native or generic XDP, or tc."
    )
    package static let policyEntries = Self(
        .gauge,
        "caracal_policy_map_entries",
        "Entries of the policy maps that are meant to be there, by map."
    )
    package static let policyEntriesLimit = Self(
        .gauge,
        "caracal_policy_map_max_entries",
        "Entries that the policy maps have room for, by map."
    )
    package static let routeWrites = Self(
        .counter,
        "caracal_route_writes_total",
        "Routes to other nodes' blocks written or removed since the agent started."
    )
}
