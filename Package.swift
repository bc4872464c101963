// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func module(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    path: String? = nil,
    exclude: [String] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: path,
        exclude: exclude,
        swiftSettings: settings
    )
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// What tests share, in Tests/.
func support(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: "Tests/\(name)",
        swiftSettings: settings
    )
}

let package = Package(
    name: "caracal",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    // Bottom-up: a target imports only what stands above it here; scripts/layers.txt is the law.
    targets: [
        .systemLibrary(name: "CBPFABI", path: "bpf/abi"),
        .systemLibrary(name: "CBPFPrograms", path: "bpf/skeleton"),
        .systemLibrary(name: "CBPFBench", path: "bpf/test"),
        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),
        .systemLibrary(
            name: "CLibBPF",
            path: "Sources/CLibBPF",
            pkgConfig: "libbpf",
            providers: [.apt(["libbpf-dev"])]
        ),

        module("Model"),
        module("JSON"),
        module("Selector", ["Model"]),
        .target(
            name: "Wire",
            // Lifetimes lets ByteReader borrow its bytes; the compiler refuses @_lifetime without.
            swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]
        ),
        module("BGPMessage", ["Model", "Wire"], path: "Sources/BGP/Message"),
        module("BGPSession", ["BGPMessage"], path: "Sources/BGP/Session"),
        module("BGPRIB", ["BGPMessage", "Model", "Wire"], path: "Sources/BGP/RIB"),
        module("Linux", ["CLinux"]),
        module("Netlink", ["CLinux", "Linux", "Model", "Wire"]),
        module("BPF", ["CLibBPF", "CLinux", "Linux"]),
        module("BFD", ["Wire"]),
        module(
            "BGPSpeaker",
            [
                "BFD", "BGPMessage", "BGPRIB", "BGPSession", "CLinux", "Linux", "Model", logging,
                nioCore, nioPosix,
            ],
            path: "Sources/BGP/Speaker"
        ),
        module("Resources", ["JSON", "Model", "Selector", yams]),

        module("Datastore", ["JSON", "Model", "Resources"], exclude: ["Memory", "SQLite"]),
        module(
            "DatastoreMemory",
            ["Datastore", "JSON", "Resources"],
            path: "Sources/Datastore/Memory"
        ),
        module(
            "DatastoreSQLite",
            ["Datastore", "JSON", "Resources", grdb],
            path: "Sources/Datastore/SQLite"
        ),

        module("Index", ["Model", "Selector"]),
        module("Compile", ["CBPFABI", "Index", "Model"]),
        module("Evaluate", ["JSON", "Model", "Selector"]),
        module(
            "Dataplane",
            ["BPF", "CBPFABI", "CBPFPrograms", "CLinux", "Compile", "Linux", "Model", "Netlink"]
        ),
        module("Routing", ["Linux", "Model", "Netlink"]),
        module(
            "BGPConfiguration",
            ["JSON", "Model", "Resources", "Selector"],
            path: "Sources/BGP/Configuration"
        ),
        module("IPAM", ["Datastore", "JSON", "Model", "Resources", "Selector"]),
        module("CNI", ["JSON", "Model"]),
        module("PodNetwork", ["CLinux", "Linux", "Model", "Netlink"]),
        module("Control", ["JSON", "Linux"]),
        module("ControlServer", ["CLinux", "Control", "JSON", "Linux", nioCore, nioPosix]),

        module(
            "Agent",
            [
                "BPF", "CNI", "Compile", "Control", "ControlServer", "Dataplane", "Datastore",
                "DatastoreSQLite", "IPAM",
                "JSON", "Linux", "Model", "Netlink", "PodNetwork", "Resources", "Routing", logging,
                nioCore, nioHTTP1, nioPosix,
            ]
        ),
        module(
            "BGPDaemon",
            [
                "Agent", "BGPConfiguration", "BGPMessage", "BGPRIB", "BGPSession", "BGPSpeaker",
                "Control", "ControlServer", "Datastore", "DatastoreSQLite", "IPAM", "JSON",
                "Linux", "Model", "Resources", "Routing", logging, nioPosix,
            ],
            path: "Sources/BGP/Daemon"
        ),
        module(
            "Controllers",
            ["Datastore", "JSON", "Model", "Resources", "Selector", logging]
        ),
        module(
            "CLI",
            [
                "Compile", "Control", "Datastore", "DatastoreMemory", "DatastoreSQLite", "Evaluate",
                "IPAM",
                "JSON", "Model", "Resources", "Selector", argumentParser,
            ]
        ),
        module("Cluster", ["Datastore", "DatastoreSQLite", "JSON", "Linux", "Model", "Resources"]),

        executable(
            "caracal",
            [
                "Agent", "BGPDaemon", "Control", "Controllers", "Datastore", "DatastoreSQLite",
                argumentParser,
                logging,
            ]
        ),
        module("BenchSupport", ["Compile", "Dataplane", "Linux", "Model", "Netlink"]),
        executable("caracalctl", ["CLI"]),
        executable("caracal-cni", ["CNI", "Control", "JSON", "Linux"]),
        executable("caracal-cluster", ["Cluster", "Model", argumentParser]),
        executable(
            "caracal-bench",
            [
                "Agent", "BPF", "BPFSupport", "BenchSupport", "CLinux", "Cluster", "Compile",
                "Dataplane", "Datastore", "DatastoreSQLite", "IPAM", "JSON", "KernelVerdicts",
                "Linux", "Model", "Resources", argumentParser, logging,
            ]
        ),
        executable("agreement", ["Agreement", "KernelVerdicts", argumentParser]),
        executable(
            "bench-coldstart",
            ["BenchSupport", "Compile", "Dataplane", "JSON", "Linux", "Model"]
        ),
        executable(
            "bench-bgp",
            [
                "BGPMessage", "BGPRIB", "BGPSession", "BGPSpeaker", "CLinux", "Linux", "Model",
                "Routing", argumentParser, logging, nioPosix,
            ]
        ),
        executable("bench-dataplane", ["BPF", "BPFSupport", "CBPFABI", "JSON", "Model"]),
        executable(
            "vectors",
            [
                "BGPConfiguration", "Cluster", "Compile", "Datastore", "DatastoreMemory",
                "Evaluate", "IPAM", "JSON",
                "KernelVerdicts", "Model", "Resources", "Selector",
            ]
        ),

        support("Support"),
        support(
            "BPFSupport",
            [
                "BPF", "CBPFABI", "CBPFBench", "CBPFPrograms", "CLibBPF", "CLinux", "Linux",
                "Model", "Netlink",
            ]
        ),
        support(
            "KernelVerdicts",
            ["BPF", "BPFSupport", "CBPFABI", "CBPFPrograms", "Compile", "Model"]
        ),
        support(
            "Agreement",
            ["Compile", "Evaluate", "JSON", "KernelVerdicts", "Model", "Support"]
        ),
        support("FuzzTargets", ["BGPMessage", "CNI", "JSON", "Resources", "Selector"]),
        .executableTarget(
            name: "StoreExerciser",
            dependencies: ["Datastore", "DatastoreSQLite", "JSON", "Resources"],
            path: "Tests/StoreExerciser",
            swiftSettings: settings
        ),
        tests("ModelTests", ["Model"]),
        tests("JSONTests", ["JSON", "Support"]),
        tests("SelectorTests", ["JSON", "Selector", "Support"]),
        tests("WireTests", ["Wire"]),
        tests("BGPMessageTests", ["BGPMessage", "Model", "Support"]),
        tests("BGPSessionTests", ["BGPMessage", "BGPSession", "Support"]),
        tests("BGPRIBTests", ["BGPMessage", "BGPRIB", "Model", "Support"]),
        tests("LinuxTests", ["CLinux", "Linux", "Support"]),
        tests("NetlinkTests", ["CLinux", "Linux", "Model", "Netlink", "Support", "Wire"]),
        tests("BPFTests", ["BPF", "BPFSupport", "CBPFABI", "CBPFPrograms", "Model"]),
        tests("BFDTests", ["BFD", "Support"]),
        tests(
            "BGPSpeakerTests",
            ["BFD", "BGPMessage", "BGPRIB", "BGPSession", "BGPSpeaker", "Model"]
        ),
        .testTarget(
            name: "BGPInteropTests",
            dependencies: [
                "BFD", "BGPMessage", "BGPRIB", "BGPSession", "BGPSpeaker", "CLinux", "Linux",
                "Model", "Support", logging, nioCore, nioPosix,
            ],
            path: "Tests/BGPInterop",
            swiftSettings: settings
        ),
        tests("ResourcesTests", ["JSON", "Model", "Resources", "Support"]),
        tests("ConvertTests", ["JSON", "Model", "Resources", "Selector", "Support"]),
        tests(
            "DatastoreTests",
            [
                "Datastore", "DatastoreMemory", "DatastoreSQLite", "JSON", "Resources",
                "StoreExerciser", grdb,
            ]
        ),
        tests("IndexTests", ["Index", "Model", "Selector", "Support"]),
        tests("CompileTests", ["Compile", "Model", "Support"]),
        tests("EvaluateTests", ["Evaluate", "JSON", "Model"]),
        tests(
            "AgreementTests",
            [
                "Agreement", "CBPFABI", "CLI", "Compile", "Evaluate", "JSON", "KernelVerdicts",
                "Model", "Support",
            ]
        ),
        tests("FuzzTests", ["FuzzTargets"]),
        tests(
            "DataplaneTests",
            ["BPF", "CBPFABI", "Compile", "Dataplane", "Linux", "Model", "Netlink", "Support"]
        ),
        tests(
            "BGPConfigurationTests",
            ["BGPConfiguration", "JSON", "Model", "Resources", "Selector"]
        ),
        tests(
            "BGPDaemonTests",
            [
                "Agent", "BGPConfiguration", "BGPDaemon", "BGPMessage", "BGPRIB", "Datastore",
                "DatastoreMemory", "IPAM", "JSON", "Model", "Resources", logging,
            ]
        ),
        tests("RoutingTests", ["Linux", "Model", "Netlink", "Routing", "Support"]),
        tests(
            "IPAMTests",
            ["Datastore", "DatastoreMemory", "IPAM", "JSON", "Model", "Resources", "Support"]
        ),
        tests(
            "CNITests",
            ["CLinux", "CNI", "Control", "ControlServer", "JSON", "Linux", "Model", "caracal-cni"]
        ),
        tests("PodNetworkTests", ["Linux", "Model", "Netlink", "PodNetwork", "Support"]),
        tests("ControlTests", ["Control", "ControlServer", "JSON", "Linux", "Support", nioCore]),
        tests(
            "AgentTests",
            [
                "Agent", "CBPFABI", "CNI", "Compile", "Control", "Dataplane", "Datastore",
                "DatastoreMemory",
                "IPAM", "JSON", "Linux", "Model", "Netlink", "Resources", "Support", logging,
                nioCore, nioPosix,
            ]
        ),
        tests(
            "ControllersTests",
            [
                "Controllers", "Datastore", "DatastoreMemory", "JSON", "Resources", "Support",
                logging,
            ]
        ),
        tests(
            "CLITests",
            ["CLI", "Control", "ControlServer", "DatastoreSQLite", "IPAM", "JSON", "Model"]
        ),
        tests("ClusterTests", ["Cluster", "Model"]),
        .testTarget(
            name: "TopologyTests",
            dependencies: [
                "Cluster", "Datastore", "DatastoreSQLite", "JSON", "Linux", "Model", "Resources",
                "Support", "caracal", "caracal-cni", "caracalctl",
            ],
            path: "Tests/Topology",
            swiftSettings: settings
        ),
    ]
)

// Needs -sanitize=fuzzer to link: scripts/test fuzz.
if Context.environment["CARACAL_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"),
        .executableTarget(
            name: "caracal-fuzz",
            dependencies: ["CFuzzer", "FuzzTargets"],
            path: "Tests/Fuzzer",
            swiftSettings: settings
        ),
    ]
}
