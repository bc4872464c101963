// Policies that several scenarios start from.

/// Clients reach everybody, others nobody but what is outside.
let fromClients = """
    apiVersion: projectcalico.org/v3
    kind: GlobalNetworkPolicy
    metadata: {name: from-clients}
    spec:
      selector: all()
      types: [Ingress]
      ingress: [{action: Allow, source: {selector: role == 'client'}}]
    ---

    """

/// Nobody reaches anybody unless a policy of a lower order says so; egress stays open.
let denyIngress = """
    apiVersion: projectcalico.org/v3
    kind: GlobalNetworkPolicy
    metadata: {name: deny-ingress}
    spec: {order: 2000, selector: all(), types: [Ingress], ingress: [{action: Deny}]}
    ---

    """
