/// One valid object of each kind of projectcalico.org/v3, with fields of every sort.
enum Samples {
    static let policies = """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop, labels: {team: a}, annotations: {Example.com/Note: "any: text"}}
        spec:
          tier: platform
          order: 10.5
          selector: app == 'web' && !has(quarantine)
          serviceAccountSelector: role == 'web'
          types: [Ingress, Egress]
          performanceHints: [AssumeNeededOnEveryNode]
          ingress:
          - action: Allow
            protocol: TCP
            source:
              selector: app == 'client'
              namespaceSelector: global()
              serviceAccounts: {names: [front], selector: role != 'x'}
              notNets: [10.1.0.0/16]
            destination: {ports: [80, "8000:8010", http], notPorts: [8005]}
            http: {methods: [GET, "*"], paths: [{exact: /a}, {prefix: /b/}]}
            metadata: {annotations: {reason: because}}
          - {action: Log, ipVersion: 4, protocol: ICMP, icmp: {type: 8, code: 0}}
          - {action: Deny, ipVersion: 6, protocol: 58, notICMP: {type: 128}}
          egress:
          - {action: Allow, destination: {services: {name: dns, namespace: kube-system}}}
          - {action: Pass, notProtocol: UDPLite, destination: {nets: ["fd00::/8", "2001:db8::1"]}}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: platform.hosts}
        spec: {tier: platform, namespaceSelector: has(x), doNotTrack: true, applyOnForward: true, ingress: [{action: Deny, protocol: 132}]}
        ---
        apiVersion: projectcalico.org/v3
        kind: StagedNetworkPolicy
        metadata: {name: knp.default.old.name, namespace: shop}
        spec: {stagedAction: Delete}
        ---
        apiVersion: projectcalico.org/v3
        kind: StagedGlobalNetworkPolicy
        metadata: {name: next}
        spec: {stagedAction: Learn, selector: all(), preDNAT: true, applyOnForward: true}
        ---
        apiVersion: projectcalico.org/v3
        kind: StagedKubernetesNetworkPolicy
        metadata: {name: next, namespace: shop}
        spec:
          podSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: In, values: [d]}]}
          ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80, endPort: 90}]}]
        ---
        apiVersion: projectcalico.org/v3
        kind: Tier
        metadata: {name: kube-admin}
        spec: {order: 1000, defaultAction: Pass}
        ---
        apiVersion: projectcalico.org/v3
        kind: Profile
        metadata: {name: kns.default}
        spec: {labelsToApply: {pcns.a: b}, ingress: [{action: Allow}], egress: [{action: Allow}]}
        ---
        apiVersion: projectcalico.org/v3
        kind: NetworkSet
        metadata: {name: office, namespace: shop, labels: {who: us}}
        spec: {nets: [192.0.2.7, 192.0.2.99/24]}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkSet
        metadata: {name: deny-list}
        spec: {nets: ["2001:db8::/32"]}
        """

    static let endpoints = """
        apiVersion: projectcalico.org/v3
        kind: HostEndpoint
        metadata: {name: node1-eth0}
        spec:
          node: node1
          interfaceName: "*"
          expectedIPs: [192.0.2.1, "fd00::1"]
          profiles: [projectcalico-default-allow]
          ports: [{name: ssh, protocol: TCP, port: 22}]
        ---
        apiVersion: projectcalico.org/v3
        kind: WorkloadEndpoint
        metadata: {name: node1-k8s-web--1-eth0, namespace: shop}
        spec:
          orchestrator: k8s
          node: node1
          pod: web-1
          endpoint: eth0
          containerID: 0123abcDEF
          ipNetworks: [10.0.0.5/32, "fd00::5/128"]
          ipNATs: [{internalIP: 10.0.0.5, externalIP: 192.0.2.5}]
          interfaceName: cali0123
          mac: ee:ee:ee:ee:ee:ee
          ports: [{name: http, protocol: TCP, port: 80}, {protocol: UDP, port: 53, hostPort: 53}]
        ---
        apiVersion: projectcalico.org/v3
        kind: LiveMigration
        metadata: {name: vm, namespace: shop}
        spec: {source: {workloadEndpoint: a}, target: {selector: vm == 'a'}}
        ---
        apiVersion: projectcalico.org/v3
        kind: Node
        metadata: {name: node1}
        spec:
          bgp: {asNumber: "1.10", ipv4Address: 192.0.2.1/24, routeReflectorClusterID: 244.0.0.1}
          ipv4VXLANTunnelAddr: 10.0.0.0
          vxlanTunnelMACAddr: 66:00:00:00:00:01
          wireguard: {interfaceIPv4Address: 10.0.0.3}
          addresses: [{address: 192.0.2.1/24, type: CalicoNodeIP}, {address: 192.0.2.1}]
        status: {wireguardPublicKey: key=}
        ---
        apiVersion: projectcalico.org/v3
        kind: CalicoNodeStatus
        metadata: {name: node1}
        spec: {node: node1, classes: [Agent, BGP, Routes], updatePeriodSeconds: 10}
        """

    static let addresses = """
        apiVersion: projectcalico.org/v3
        kind: IPPool
        metadata: {name: v6}
        spec:
          cidr: fd00:10::/64
          blockSize: 124
          vxlanMode: CrossSubnet
          natOutgoing: yes
          nodeSelector: zone == "a"
          namespaceSelector: team == 'x'
          allowedUses: [Workload]
          assignmentMode: Manual
        ---
        apiVersion: projectcalico.org/v3
        kind: IPReservation
        metadata: {name: gateways}
        spec: {reservedCIDRs: [10.0.0.1, 10.0.1.0/30]}
        ---
        apiVersion: projectcalico.org/v3
        kind: IPAMConfiguration
        metadata: {name: default}
        spec: {strictAffinity: true, maxBlocksPerHost: 4, ipCooldownSeconds: 60}
        ---
        apiVersion: projectcalico.org/v3
        kind: IPAMBlock
        metadata: {name: 10-0-0-0-30}
        spec:
          cidr: 10.0.0.0/30
          affinity: host:node1
          allocations: [0, null, null, null]
          unallocated: [1, 2, 3]
          attributes: [{handle_id: h, secondary: {pod: a}}]
          sequenceNumber: 7
          sequenceNumberForAllocation: {"0": 7}
        ---
        apiVersion: projectcalico.org/v3
        kind: BlockAffinity
        metadata: {name: node1-10-0-0-0-30}
        spec: {state: confirmed, node: node1, type: host, cidr: 10.0.0.0/30, deleted: "false"}
        ---
        apiVersion: projectcalico.org/v3
        kind: IPAMHandle
        metadata: {name: h}
        spec: {handleID: h, block: {10.0.0.0/30: 1}}
        """

    static let settings = """
        apiVersion: projectcalico.org/v3
        kind: BGPConfiguration
        metadata: {name: default}
        spec:
          logSeverityScreen: info
          asNumber: 64512
          serviceClusterIPs: [{cidr: 10.96.0.0/12}]
          communities: [{name: c, value: "65001:1"}]
          prefixAdvertisements: [{cidr: 10.0.0.0/16, communities: [c, "1:2:3"]}]
          listenPort: 1179
          bindMode: NodeIP
          ignoredInterfaces: [docker*]
          nodeMeshPassword: {secretKeyRef: {name: s, key: k}}
        ---
        apiVersion: projectcalico.org/v3
        kind: BGPPeer
        metadata: {name: tor}
        spec:
          nodeSelector: rack == '1'
          peerIP: "[fd00::1]:1179"
          asNumber: 4200000000
          keepaliveTime: 20s
          ttlSecurity: 1
          reachableBy: fd00::2
          filters: [in]
          reversePeering: Manual
        ---
        apiVersion: projectcalico.org/v3
        kind: BGPFilter
        metadata: {name: in}
        spec:
          importV4:
          - cidr: 10.0.0.0/8
            matchOperator: In
            prefixLength: {min: 16, max: 24}
            interface: eth*
            peerType: eBGP
            communities: {values: ["65001:1"]}
            asPathPrefix: [65001]
            action: Accept
            operations: [{addCommunity: {value: "1:2"}}, {prependASPath: {prefix: [65001, 65001]}}, {setPriority: {value: 100}}]
          exportV6: [{source: RemotePeers, action: Reject}]
        ---
        apiVersion: projectcalico.org/v3
        kind: FelixConfiguration
        metadata: {name: node.node1}
        spec:
          bpfEnabled: true
          logSeverityScreen: Debug
          routeRefreshInterval: 1m30s
          failsafeInboundHostPorts: [{protocol: tcp, port: 22, net: 10.0.0.0/8}]
          routeTableRanges: [{min: 1, max: 10}]
          kubeNodePortRanges: ["30000:32767", 8080]
          healthTimeoutOverrides: [{name: felix-startup, timeout: 30s}]
          bpfConntrackTimeouts: {UDPTimeout: 90s}
          iptablesMarkMask: 4294901760
          natPortRange: 32768:65535
        ---
        apiVersion: projectcalico.org/v3
        kind: KubeControllersConfiguration
        metadata: {name: default}
        spec:
          healthChecks: Enabled
          controllers:
            node:
              reconcilerPeriod: 5m
              hostEndpoint:
                autoCreate: Enabled
                templates: [{generateName: extra, interfaceCIDRs: [10.0.0.0/8], interfacePattern: "^eth", labels: {a: b}}]
            loadBalancer: {assignIPs: AllServices}
        ---
        apiVersion: projectcalico.org/v3
        kind: ClusterInformation
        metadata: {name: default}
        spec: {clusterGUID: abc, datastoreReady: true}
        """

    static let kubernetes = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web-1, namespace: shop, labels: {app: web}}
        spec: {nodeName: node1, containers: [{name: c, image: x, ports: [{name: http, containerPort: 80}]}]}
        status: {podIPs: [{ip: 10.0.0.5}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: shop}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: node1}
        spec: {podCIDR: 10.0.0.0/24, podCIDRs: [10.0.0.0/24]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {clusterIP: 10.96.0.10, selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30080}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-abc, namespace: shop, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        endpoints: [{addresses: [10.0.0.5], conditions: {ready: true}, nodeName: node1}]
        ports: [{name: "", port: 80, protocol: TCP}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {}
          egress:
          - to: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: a, operator: Exists}]}}]
            ports: [{protocol: UDP, port: dns}, {}]
        ---
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: {name: deny}
        spec:
          tier: Admin
          priority: 10
          subject: {namespaces: {}}
          egress: [{name: no-net, action: Deny, to: [{networks: [0.0.0.0/0]}], protocols: [{tcp: {destinationPort: {number: 80}}}]}]
        """

    static let all = [policies, endpoints, addresses, settings, kubernetes].joined(
        separator: "\n---\n"
    )
}
