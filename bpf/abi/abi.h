/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and the agent agree on: every map's key and value, every number that both
 * sides name. Swift imports this file as CBPFABI, so nothing here is written down a second time.
 *
 * Addresses are 16 bytes in network order; IPv4 is mapped (::ffff:a.b.c.d). Ports are in network
 * order (__be16). Times are nanoseconds of CLOCK_MONOTONIC (bpf_ktime_get_ns and its coarse form).
 * All padding is a named, zeroed field.
 */
#pragma once

#include <linux/types.h>

enum {
	CARA_ENDPOINTS_MAX = 16384,
	CARA_IFACES_MAX = 8192,
	CARA_SLOTS_MAX = 16384,
	/* the last slot of cara_gens is no endpoint's: not 0 while the agent changes what was judged */
	CARA_SLOT_CHANGING = CARA_SLOTS_MAX - 1,
	/* the one before it is that of all host endpoints together */
	CARA_SLOT_HOSTS = CARA_SLOTS_MAX - 2,
	CARA_CLASSES_MAX = 1 << 22,
	CARA_CELLS_MAX = 1 << 20,
	CARA_GROUPS_MAX = 1 << 20,
	CARA_PORTS_MAX = 1 << 20,
	CARA_VERDICTS_MAX = 1 << 20,
	CARA_PROGRAMS_MAX = 65536,
	CARA_BITMAPS_MAX = 1 << 18,
	CARA_CLAUSES_MAX = 1 << 18,
	CARA_CONNS_MAX = 512000,
	CARA_RULES_MAX = 1 << 17,
	CARA_FRAGS_MAX = 16384,
	CARA_DENIALS_MAX = 16384,
	CARA_SPOOF_MAX = 65536,
	CARA_LOCALS_MAX = 4096,
	CARA_HOSTS_MAX = 1024,
	CARA_FAILSAFES_MAX = 65536,
	CARA_EVENTS_BYTES = 1 << 20,
	/* bits of an LPM key's prefixlen that come before the address */
	CARA_ADDR_BITS = 128,
	/* IPv6 extension headers followed before a packet is given up */
	CARA_HEADERS_MAX = 8,
};

struct cara_addr {
	__be32 word[4];
};

/* ---- policy (design: one verdict, four look-ups) --------------------------------------- */

/* cara_classes: remote address -> label class; no entry is class 0 */
struct cara_class_key {
	__u32 prefixlen; /* 0..128 */
	struct cara_addr addr;
};
_Static_assert(sizeof(struct cara_class_key) == 20, "LPM key: no hidden padding");

/*
 * cara_cells: the same classes in a form that takes a few look-ups however many prefixes there are; for
 * long lists alone. A prefix of 8d+1 to 8d+8 bits is in the node of depth d that its first d bytes
 * name, and is there the cells that its next byte may be. A cell is set when the longest of the
 * prefixes that cover it in this node has the node's class.
 */
struct cara_cells_key {
	struct cara_addr addr; /* the first `depth` bytes, zero after them */
	__u32 depth; /* 0..15; of IPv4 12..15 */
};
_Static_assert(sizeof(struct cara_cells_key) == 20, "hash key: no hidden padding");

enum cara_cells_flag {
	/* other cells are covered by prefixes of other classes: cara_classes knows which */
	CARA_CELLS_MIXED = 1,
};

struct cara_cells {
	__u32 class_id;
	__u32 flags; /* CARA_CELLS_* */
	__u32 cell[8]; /* bits, lowest first */
};

/*
 * cara_depths: 0 for IPv4, 1 for IPv6 -> bits of the depths at which there are nodes. Every prefix of the family is in
 * cara_cells when it is not 0, but that of no bits.
 */

/* cara_programs: id -> how to run a policy program */
struct cara_program {
	__u32 flags; /* CARA_PROGRAM_* */
	/* group of every remote without an entry in cara_groups */
	__u32 default_group;
	/* port group of every protocol and port without an entry in cara_ports */
	__u32 default_port_group;
	__u32 default_rule; /* with CARA_PROGRAM_SPARSE */
};

enum cara_program_flag {
	/* the verdict depends on the source port too: look cara_sports up */
	CARA_PROGRAM_SPORTS = 1,
	/* too many verdicts for a table: AND cara_bitmaps of the groups, ask cara_clauses */
	CARA_PROGRAM_BITMAP = 2,
	/*
	 * The near end is not one address of which all is known, as at a host endpoint: its class
	 * chooses the program that decides. cara_groups and default_group hold that program's id in
	 * the place of a group; there is nothing else under this id.
	 */
	CARA_PROGRAM_SPLIT = 4,
	/* groups without an entry in cara_verdicts are denied by default_rule; nothing else may be left out */
	CARA_PROGRAM_SPARSE = 8,
	/* cara_ports has nothing of it: every protocol and port is of default_port_group */
	CARA_PROGRAM_ANY_PORT = 16,
};

/* cara_groups: (program, class) -> remote group; no entry is the program's default_group */
struct cara_group_key {
	__u32 program;
	__u32 class_id;
};
_Static_assert(sizeof(struct cara_group_key) == 8, "hash key: no hidden padding");

/*
 * cara_ports, cara_sports: (program, protocol, port) -> port group, longest prefix. The bits in
 * order: program 32, proto 8, pad 8, port 16. prefixlen 40 covers a whole protocol, 64 one port.
 * For ICMP and ICMPv6 port is htons(type << 8 | code). Protocols without ports use port 0.
 * A fragment whose ports are unknown is never judged here.
 */
struct cara_port_key {
	__u32 prefixlen;
	__be32 program; /* big endian, because an LPM compares from the first byte */
	__u8 proto;
	__u8 pad;
	__be16 port;
};
_Static_assert(sizeof(struct cara_port_key) == 12, "LPM key: no hidden padding");

/* cara_verdicts: (program, groups) -> verdict; no entry is a bug or a full map, and denies */
struct cara_verdict_key {
	__u32 program;
	__u32 group;
	__u32 port_group;
	__u32 sport_group; /* 0 without CARA_PROGRAM_SPORTS */
};
_Static_assert(sizeof(struct cara_verdict_key) == 16, "hash key: no hidden padding");

enum cara_action {
	CARA_ACTION_DENY = 0,
	CARA_ACTION_ALLOW = 1,
	/* no rule of the program decides and nothing is denied by that: what comes next is asked */
	CARA_ACTION_NONE = 2,
};

struct cara_verdict {
	__u32 rule; /* id of the deciding rule, see caracalctl; 0 is none */
	__u32 log_rule; /* id of the first Log rule passed on the way; 0 is none */
	__u8 action; /* enum cara_action */
	__u8 pad[3];
};

/*
 * CARA_PROGRAM_BITMAP: the rules in order are clauses 0, 1, …; each group of either side has a row of
 * bits, one a clause, that says which hold for it. The first clause that all rows have decides,
 * logs, or leads on to a later one.
 */
enum {
	/* clauses of one value of cara_bitmaps */
	CARA_BITMAP_WORDS = 16,
	CARA_BITMAP_BITS = CARA_BITMAP_WORDS * 64,
	/* values of one row, as many as `chunks` has bits */
	CARA_BITMAP_CHUNKS = 64,
	CARA_BITMAP_CLAUSES_MAX = CARA_BITMAP_CHUNKS * CARA_BITMAP_BITS,
	/* clauses that one packet may meet: one Log, a Pass out of each tier, what decides */
	CARA_BITMAP_STEPS = 64,
};

enum cara_bitmap_side {
	CARA_BITMAP_REMOTE = 0, /* of remote groups */
	CARA_BITMAP_PORT = 1, /* of port groups */
	CARA_BITMAP_SPORT = 2, /* of source port groups, with CARA_PROGRAM_SPORTS */
	CARA_BITMAP_SILENT = 3, /* of group 0: all clauses that do not log */
};

/* cara_bitmaps: (program, side, group, chunk) -> bits; chunks without any have no entry, but the
 * first always has one: a row without it is a bug or a full map, and denies */
struct cara_bitmap_key {
	__u32 program;
	__u32 group;
	__u16 chunk;
	__u8 side; /* enum cara_bitmap_side */
	__u8 pad;
};
_Static_assert(sizeof(struct cara_bitmap_key) == 12, "hash key: no hidden padding");

struct cara_bitmap {
	__u64 chunks; /* in the first chunk: those of the row that have bits */
	__u64 word[CARA_BITMAP_WORDS];
};

/* cara_clauses: (program, clause) -> what it does; no entry is a bug or a full map, and denies */
struct cara_clause_key {
	__u32 program;
	__u32 clause;
};
_Static_assert(sizeof(struct cara_clause_key) == 8, "hash key: no hidden padding");

enum cara_clause_kind {
	CARA_CLAUSE_DENY = 0,
	CARA_CLAUSE_ALLOW = 1,
	CARA_CLAUSE_LOG = 2,
	CARA_CLAUSE_PASS = 3,
	CARA_CLAUSE_NONE = 4, /* the verdict is CARA_ACTION_NONE */
};

struct cara_clause {
	__u32 rule; /* id, see cara_verdict */
	__u32 next; /* CARA_CLAUSE_PASS: the clause to go on with */
	__u32 kind; /* enum cara_clause_kind */
};

/* ---- endpoints -------------------------------------------------------------------------- */

/* Programs 0 to 2 have no tables. */
enum {
	CARA_PROGRAM_DENY_ALL = 0,
	CARA_PROGRAM_ALLOW_ALL = 1,
	/* no policy applies: what comes next is asked */
	CARA_PROGRAM_NONE = 2,
	/* the first id that the agent gives */
	CARA_PROGRAM_FIRST = 16,
};

enum cara_endpoint_flag {
	/* its programs are live; until then every packet to and from it is dropped */
	CARA_ENDPOINT_READY = 1,
};

/* cara_endpoints: local workload address -> endpoint */
struct cara_endpoint {
	__u32 ifindex; /* host end of the veth */
	__u32 slot; /* index into cara_gens, 1.. */
	__u32 ingress_program;
	__u32 egress_program;
	__u8 mac[6]; /* pod end of the veth */
	__u8 host_mac[6]; /* host end */
	__u32 flags; /* CARA_ENDPOINT_* */
	/* what the programs would be were staged policies enforced; 0: nothing staged */
	__u32 staged_ingress;
	__u32 staged_egress;
};
_Static_assert(sizeof(struct cara_endpoint) == 40, "no hidden padding");

/* cara_ifaces: ifindex of a workload's host end -> its flags and the programs of sources that are
 * none of its own addresses but allowed by cara_spoof */
struct cara_iface {
	__u32 slot;
	__u32 egress_program4;
	__u32 egress_program6;
	__u32 flags; /* CARA_IFACE_* */
	/* as in cara_endpoint */
	__u32 staged_egress4;
	__u32 staged_egress6;
};

enum cara_iface_flag {
	/* cara_spoof has prefixes for it */
	CARA_IFACE_SPOOF_PREFIXES = 1,
};

/* cara_spoof: (ifindex, source) -> 1 (__u32): allowedSourcePrefixes */
struct cara_spoof_key {
	__u32 prefixlen; /* 32 + 0..128 */
	__be32 ifindex;
	struct cara_addr addr;
};
_Static_assert(sizeof(struct cara_spoof_key) == 24, "LPM key: no hidden padding");

/* cara_locals: address of this node itself -> 1 (__u32) */

/* The programs of a host endpoint for one family, by what they are asked about. */
struct cara_host_programs {
	/* doNotTrack: before everything else, in XDP; may end in CARA_ACTION_NONE */
	__u32 untracked_ingress;
	__u32 untracked_egress; /* what the node itself sends */
	/* preDNAT: what comes in, whoever it is for; may end in CARA_ACTION_NONE */
	__u32 prednat;
	/* the node's own traffic */
	__u32 ingress;
	__u32 egress;
	/* applyOnForward: what only passes through, local workloads' traffic included */
	__u32 forward_ingress;
	__u32 forward_egress;
	__u32 pad;
};

/*
 * cara_hosts: ifindex -> the host endpoint of that interface. Key 0 is the one of `*`: that of every
 * interface without its own. An interface that finds neither is not policed.
 */
struct cara_host {
	struct cara_host_programs v4;
	struct cara_host_programs v6;
	/* what each would be were staged policies enforced; 0: nothing staged */
	struct cara_host_programs staged_v4;
	struct cara_host_programs staged_v6;
};
_Static_assert(sizeof(struct cara_host) == 128, "no hidden padding");

/*
 * cara_failsafes: (direction, protocol, port, far end) -> 1 (__u32): traffic of the node itself that no
 * policy of a host endpoint can cut off. The port is that of the packet's destination: the node's
 * own for CARA_INGRESS, the far end's for CARA_EGRESS.
 */
struct cara_failsafe_key {
	__u32 prefixlen; /* 32 + 0..128 */
	__u8 direction; /* enum cara_direction */
	__u8 proto;
	__be16 port;
	struct cara_addr addr; /* of the far end */
};
_Static_assert(sizeof(struct cara_failsafe_key) == 24, "LPM key: no hidden padding");

/*
 * cara_gens: slot -> generation (__u32). Slot 0 belongs to routing: it moves when a cached way out
 * may be wrong. Slot n moves when a verdict of the endpoint of that slot may be another one
 * now, when its MAC or interface changes, and when the slot gets another owner. A change of
 * endpoint_to_host moves all of them. Slot CARA_SLOT_HOSTS moves when a verdict of some host endpoint may
 * be another one. Connections between two local workloads have no room for it: what concerns them
 * moves all slots.
 */

/* ---- staged policies ---------------------------------------------------------------------- */

/*
 * What would become of a connection at one end were staged policies enforced; judged, never done. Where a
 * workload's end and a host endpoint have something staged in one direction, whichever denies is told.
 */
enum cara_pending {
	CARA_PENDING_NONE = 0, /* nothing staged there: the same as what is enforced */
	CARA_PENDING_DENY = 1,
	CARA_PENDING_ALLOW = 2,
};

/* ---- connections ------------------------------------------------------------------------ */

/*
 * cara_conns: connection -> state. One entry serves both directions: the numerically lower
 * (address, port) is `a`. For ICMP echo both ports hold the identifier; other protocols without
 * ports have 0.
 */
struct cara_conn_key {
	struct cara_addr a;
	struct cara_addr b;
	__be16 aport;
	__be16 bport;
	__u8 proto;
	__u8 pad[3];
};
_Static_assert(sizeof(struct cara_conn_key) == 40, "hash key: no hidden padding");

enum cara_conn_flag {
	/* the packet that made the entry went from a to b */
	CARA_CONN_FROM_A = 1 << 0,
	/* TCP, per direction: seen from a (A) and from b (B) */
	CARA_CONN_SYN_A = 1 << 1,
	CARA_CONN_SYN_B = 1 << 2,
	CARA_CONN_ACK_A = 1 << 3,
	CARA_CONN_ACK_B = 1 << 4,
	CARA_CONN_FIN_A = 1 << 5,
	CARA_CONN_FIN_B = 1 << 6,
	CARA_CONN_RST = 1 << 7,
	/* a packet came back: UDP and others count as established */
	CARA_CONN_REPLIED = 1 << 8,
	/* made by the node itself towards a local workload: no policy was asked */
	CARA_CONN_FROM_HOST = 1 << 9,
	/* the node itself is one end: the first packet was for it, or by it, under a host endpoint */
	CARA_CONN_TO_NODE = 1 << 10,
	CARA_CONN_BY_NODE = 1 << 11,
};

/* How packets of one direction leave; the cached answer of the first packet's look-ups. */
enum cara_way {
	CARA_WAY_UNKNOWN = 0, /* look again */
	CARA_WAY_HOST = 1, /* the node's own stack decides */
	CARA_WAY_PEER = 2, /* bpf_redirect_peer to the veth `ifindex` */
	CARA_WAY_NEIGH = 3, /* bpf_redirect_neigh by `ifindex` to the next hop `to` */
};

struct cara_leg {
	/* interface that packets of this direction must come from when it is a workload's; 0 any */
	__u32 from_ifindex;
	__u32 ifindex;
	__u32 route_gen; /* cara_gens[0] when the way was found; another value: look again */
	__u16 mtu; /* of the way out, CARA_WAY_NEIGH only */
	__u8 way; /* enum cara_way */
	__u8 pad;
	/*
	 * CARA_WAY_NEIGH: the next hop. CARA_WAY_PEER: how the frame begins, twelve bytes, the MAC of the
	 * veth's pod end before that of its host end. (No union: Swift could not copy it bit by bit.)
	 */
	struct cara_addr to;
	__u64 packets;
	__u64 bytes; /* frames as the program saw them, Ethernet header included */
};

/* What every packet touches stands first: with the key it fits two cache lines. */
struct cara_conn {
	__u64 seen; /* last packet, rounded down to CARA_SEEN_GRAIN */
	__u32 flags; /* CARA_CONN_* */
	/*
	 * Local ends of the first packet and the generations that allowed it; slot 0: that end is not
	 * local, or no policy was asked. CARA_SLOT_HOSTS stands in a place that no workload has.
	 */
	__u32 src_slot;
	__u32 src_gen;
	__u32 dst_slot;
	__u32 dst_gen;
	__be16 icmp; /* htons(type << 8 | code) of the first packet */
	__u8 pending_egress; /* enum cara_pending */
	__u8 pending_ingress;
	struct cara_leg leg[2]; /* 0: a to b, 1: b to a */
	__u64 created;
	__u32 egress_rule; /* deciding rule ids, 0 none */
	__u32 ingress_rule;
	/* those that would decide; without meaning where nothing is pending */
	__u32 pending_egress_rule;
	__u32 pending_ingress_rule;
	/* of both legs, what cara_rules has of it already */
	__u64 accounted_packets;
	__u64 accounted_bytes;
};

/*
 * How long a connection is honoured after its last packet, in seconds: Calico's defaults. The
 * programs refuse an older entry, so a sweep that is late or absent costs memory, not safety.
 */
enum cara_timeout {
	CARA_TIMEOUT_TCP_SYN = 20, /* handshake not finished */
	CARA_TIMEOUT_TCP_ESTABLISHED = 3600,
	CARA_TIMEOUT_TCP_FINS = 30, /* both ends have closed */
	CARA_TIMEOUT_TCP_RESET = 40,
	CARA_TIMEOUT_UDP = 60,
	CARA_TIMEOUT_ICMP = 5,
	CARA_TIMEOUT_GENERIC = 600,
	/* between a datagram's first fragment and its last */
	CARA_TIMEOUT_FRAGMENT = 30,
};

enum {
	/* nanoseconds; `seen` is written no more often than this */
	CARA_SEEN_GRAIN = 500000000,
};

/* cara_frags: datagram -> what its first fragment says about all of them */
struct cara_frag_key {
	struct cara_addr src;
	struct cara_addr dst;
	__be32 id;
	__u8 proto; /* 0 for IPv6: RFC 8200 4.5 tells datagrams apart without it */
	__u8 pad[3];
};
_Static_assert(sizeof(struct cara_frag_key) == 40, "hash key: no hidden padding");

struct cara_frag {
	__u64 seen;
	__be16 sport;
	__be16 dport;
	__be16 icmp; /* htons(type << 8 | code) */
	__u8 proto;
	__u8 kind; /* as the parser sorts packets; of no use to others */
};

/* cara_denials: flow that policy denied at one end -> how often and by what; LRU */
struct cara_denial_key {
	struct cara_addr src;
	struct cara_addr dst;
	__be16 port; /* the destination's; htons(type << 8 | code) for ICMP */
	__u8 proto;
	__u8 direction; /* enum cara_direction */
};
_Static_assert(sizeof(struct cara_denial_key) == 36, "hash key: no hidden padding");

struct cara_denial {
	__u64 seen; /* the last packet */
	__u64 packets;
	__u32 rule;
	__u32 pending_rule;
	__be16 sport; /* of the last packet */
	__u8 pending; /* enum cara_pending */
	__u8 pad[5];
};

/* ---- what became of packets -------------------------------------------------------------- */

/*
 * Why a packet passed or was dropped; the index of cara_counters. The text of each is one switch
 * in Swift (Dataplane/Reason.swift). Append only at the end of a group.
 */
enum cara_reason {
	CARA_PASS = 0,
	CARA_PASS_NOT_IP, /* ARP and other link-local business of a host interface */
	CARA_DROP_MALFORMED, /* a header is cut off or contradicts itself */
	CARA_DROP_NOT_IP, /* a workload sent neither ARP nor IP */
	CARA_DROP_SPOOFED_SOURCE,
	CARA_DROP_NOT_READY, /* the endpoint's policy is not live yet */
	CARA_DROP_EGRESS_POLICY,
	CARA_DROP_INGRESS_POLICY,
	CARA_DROP_NO_VERDICT, /* tables incomplete: fails closed */
	CARA_DROP_CONN_FULL, /* no room for a new connection */
	CARA_DROP_INVALID_TCP, /* no SYN and no connection known */
	CARA_DROP_FRAGMENT_UNKNOWN, /* a fragment whose first part was not seen */
	CARA_DROP_ICMP_UNRELATED, /* an ICMP error about no known connection */
	CARA_DROP_NO_ROUTE, /* unreachable, blackhole or prohibit route */
	CARA_DROP_HOST_ENDPOINT, /* defaultEndpointToHostAction is Drop */
	CARA_DROP_HEADERS, /* more IPv6 extension headers than CARA_HEADERS_MAX */
	CARA_DROP_TUNNEL, /* a workload sent VXLAN or IPIP and may not */
	CARA_DROP_HOST_INGRESS_POLICY, /* at the host endpoint that it came in by */
	CARA_DROP_HOST_EGRESS_POLICY, /* at the host endpoint that it would leave by */
	CARA_DROP_UNTRACKED_POLICY, /* doNotTrack policy of a host endpoint, in XDP where that can be */
	CARA_REASON_COUNT,
};

enum cara_event_kind {
	CARA_EVENT_LOG_RULE = 1, /* a Log rule matched */
	CARA_EVENT_DROP = 2, /* at most cara_settings.drop_events a second and CPU */
};

/*
 * cara_rules: (rule, direction) -> what it decided, per CPU. Denied packets and those that a Log rule
 * matched are counted as they come; what a rule allowed is when its connection is swept, judged anew by
 * another rule, or replaced. What the map has no room for goes to CARA_RULE_OTHER.
 */
enum {
	/* the id of no rule: no tier and no profile decided */
	CARA_RULE_NONE = 0,
	CARA_RULE_OTHER = 0xffffffff,
};

struct cara_rule_key {
	__u32 rule;
	__u32 direction; /* enum cara_direction */
};
_Static_assert(sizeof(struct cara_rule_key) == 8, "hash key: no hidden padding");

struct cara_rule_count {
	__u64 connections; /* that it let begin */
	__u64 packets; /* allowed in both directions of its connections, denied, or logged */
	__u64 bytes; /* frames as the program saw them, Ethernet header included */
};

/* cara_meters[0], per CPU: what bounds events, and how many were not told */
struct cara_meter {
	__u64 second; /* CLOCK_MONOTONIC, that `sent` counts in */
	__u64 sent; /* events about drops */
	__u64 held_back; /* drops beyond drop_events a second */
	__u64 lost; /* events of any kind that cara_events had no room for */
};

/* ring buffer cara_events */
struct cara_event {
	__u32 kind; /* enum cara_event_kind */
	__u32 reason; /* enum cara_reason */
	__u32 rule; /* that matched or denied; 0 is none */
	__u32 ifindex;
	struct cara_addr src;
	struct cara_addr dst;
	__be16 sport; /* of ICMP htons(type << 8 | code), both */
	__be16 dport;
	__u8 proto;
	__u8 direction; /* enum cara_direction */
	__u16 length;
	__u32 pending_rule;
	__u8 pending; /* enum cara_pending, of drops by policy */
	__u8 pad[3];
};

enum cara_direction {
	CARA_INGRESS = 0,
	CARA_EGRESS = 1,
};

/* ---- configuration ------------------------------------------------------------------------ */

enum cara_host_action {
	CARA_HOST_DROP = 0,
	CARA_HOST_ACCEPT = 1,
	CARA_HOST_RETURN = 2,
};

/* What becomes of a connection that policy allows no more (revokedFlowAction). */
enum cara_revoked {
	CARA_REVOKED_DROP = 0,
	CARA_REVOKED_RESET = 1, /* of TCP, both ends get a reset */
	/* nobody asks again: the agent moves no generation for the sake of policy */
	CARA_REVOKED_ALLOW = 2,
};

enum {
	/* skb->mark of the resets that our programs make, so that they pass our programs */
	CARA_MARK_RESET = 0x0ca7a157,
};

/* cara_settings[0]: what may change while the programs run */
struct cara_settings {
	__u32 endpoint_to_host; /* enum cara_host_action */
	__u32 drop_events; /* events about drops, a second and CPU at most; 0: none */
	__u32 vxlan_port; /* host order; dropped from workloads unless allow_vxlan */
	__u8 allow_vxlan;
	__u8 allow_ipip;
	__u8 conntrack_invalid_check; /* drop TCP without SYN that belongs to no connection */
	__u8 revoked; /* enum cara_revoked */
	__u8 has_hosts; /* cara_hosts is not empty */
	__u8 pad[7];
	/*
	 * Four words for each enum cara_direction, a bit for each rest of a port divided by 256: set where
	 * cara_failsafes has no port of that rest. A bit that is not set says nothing.
	 */
	__u64 no_failsafe[8];
};
_Static_assert(sizeof(struct cara_settings) == 88, "no hidden padding");

/*
 * Bit of skb->mark, one of those that Calico reserves: the policy of the host endpoint that the packet leaves by
 * has been asked. It lives from a redirect to to_host on the interface that it leads to.
 */
enum {
	CARA_MARK_JUDGED = 0x01000000,
};
