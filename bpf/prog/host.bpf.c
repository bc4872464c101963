// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tc programs on the node's own Ethernet interfaces.
 *
 *   from_host (ingress): parse -> known, to a pod? -----------> forward
 *                                  `-> to a pod? -> admit --------^
 *                                  `-> else: policed? -> node -> pass
 *   to_host (egress):    policed, and not judged yet? -> parse -> known? -> pass
 *                                                                 `-> node -> pass
 *
 * What is not for a local pod is the node's business, and passes unjudged where no host endpoint has the
 * interface. What a pod sends was judged by from_workload, the way out included, and carries a mark from
 * there. to_host counts, so that what leaves is seen beside what is dropped.
 */
#include "../lib/admit.h"
#include "../lib/node.h"
#include "../lib/parse.h"

/* of linux/if_packet.h */
enum {
	PACKET_TO_US = 0, /* PACKET_HOST */
	PACKET_TO_SOME = 2, /* PACKET_BROADCAST is below, PACKET_MULTICAST this */
};

/* Whether policy has a say in what is the node's own at this interface. */
static __always_inline bool is_policed(struct __sk_buff *skb)
{
	return settings_has_hosts() && host_find(skb->ifindex);
}

/* What doNotTrack policy of this interface says: CARA_PASS allows, POLICY_NONE goes on. */
static __always_inline int untracked(struct __sk_buff *skb, struct packet *p, __u32 direction)
{
	const struct cara_host *host = host_find(skb->ifindex);
	const struct cara_host_programs *programs;
	int reason;

	if (!host)
		return POLICY_NONE;
	programs = host_programs(host, p);
	reason = untracked_policy(skb, p,
				  direction == CARA_INGRESS ? programs->untracked_ingress
							    : programs->untracked_egress,
				  direction);
	if (reason == CARA_DROP_UNTRACKED_POLICY)
		denial(p, direction);
	return reason;
}

/*
 * Drops what cannot be read, except when it is plainly not for a pod: the node may put fragments
 * together that come out of order, and what a header is worth to it is for its own stack to say.
 */
static __always_inline int refuse(struct __sk_buff *skb, struct packet *p, int reason)
{
	bool is_node = p->l4_off && !bpf_map_lookup_elem(&cara_endpoints, packet_dst(p));

	/* Without the first fragment, which is judged, the others come to nothing. */
	if (is_node && (reason == CARA_DROP_FRAGMENT_UNKNOWN || !is_policed(skb)))
		return ROUTE_STACK;
	event_drop(skb, p, reason, CARA_INGRESS);
	return ROUTE_DROP;
}

/* A packet that is for no local pod: for the node, or for others by way of it. */
static __always_inline int from_host_node(struct __sk_buff *skb, struct packet *p,
					  struct cara_conn *conn, struct cara_scratch *scratch)
{
	bool is_own = skb->pkt_type != PACKET_TO_US || node_is_own(packet_dst(p));
	int reason;

	if (!is_policed(skb) || node_is_neighbour(skb, p) || !untracked(skb, p, CARA_INGRESS))
		return ROUTE_STACK;
	if (p->kind == PACKET_ERROR) {
		reason = related(skb, p, &scratch->leg, 0);
	} else {
		if (!is_own)
			is_own = route_find(skb, p, &scratch->leg) == CARA_DROP_HOST_ENDPOINT;
		reason = is_own ? node_own(skb, p, conn, CARA_INGRESS)
				: node_forward(skb, p, conn, scratch->leg.ifindex);
	}
	if (!reason)
		return ROUTE_STACK;
	event_drop(skb, p, reason, CARA_INGRESS);
	return scratch->reset && !reset(skb, p, RESET_ARRIVING) ? ROUTE_STACK : ROUTE_DROP;
}

static __always_inline int from_host_slow(struct __sk_buff *skb, struct packet *p,
					  struct cara_conn *conn)
{
	struct cara_scratch *scratch = scratch_clear();
	int reason;

	if (!scratch)
		return ROUTE_DROP;
	/* to_host made it, for whoever is beyond the node's stack */
	if (reset_is_ours(skb, p))
		return ROUTE_STACK;
	p->from = skb->ifindex;
	if (skb->pkt_type != PACKET_TO_US ||
	    !judge_peek(packet_dst(p), &scratch->fresh.dst_slot, &scratch->fresh.dst_gen))
		return from_host_node(skb, p, conn, scratch);
	if (p->kind == PACKET_ERROR)
		reason = admit_error(skb, p, ORIGIN_WIRE);
	else
		reason = admit(skb, p, conn, ORIGIN_WIRE);
	if (reason) {
		event_drop(skb, p, reason, CARA_INGRESS);
		if (!scratch->reset || reset(skb, p, RESET_ARRIVING))
			return ROUTE_DROP;
	}
	return route_forward(skb, p, &scratch->leg, ROUTE_DEVICE_SUM);
}

static __always_inline bool is_ready(const struct cara_leg *leg)
{
	return leg->way == CARA_WAY_PEER && !leg->from_ifindex && leg->route_gen == conn_gen(0);
}

SEC("tc")
int from_host(struct __sk_buff *skb)
{
	struct packet p = {};
	struct cara_conn *conn;
	struct cara_leg *leg;
	int reason;
	__u64 now;

	/* Frames for others, and those of a VLAN device, are not ours to deliver. */
	if (skb->vlan_present)
		return ROUTE_STACK;
	if (skb->pkt_type != PACKET_TO_US &&
	    (skb->pkt_type > PACKET_TO_SOME || !settings_has_hosts()))
		return ROUTE_STACK;
	reason = parse(skb, &p);
	if (reason == CARA_PASS_NOT_IP || reason == CARA_DROP_NOT_IP)
		return ROUTE_STACK;
	if (reason)
		return refuse(skb, &p, reason);
	conn = bpf_map_lookup_elem(&cara_conns, &p.key);
	now = clock_now();
	if (conn && admit_at_once(conn, &p, now)) {
		leg = &conn->leg[p.dir & 1];
		if (is_ready(leg)) {
			conn_touch(conn, &p, now, skb->len);
			return route_forward(skb, &p, leg, ROUTE_DEVICE_SUM);
		}
		if (leg->way == CARA_WAY_HOST && !leg->from_ifindex && host_is_noted(conn)) {
			conn_touch(conn, &p, now, skb->len);
			return ROUTE_STACK;
		}
	}
	return from_host_slow(skb, &p, conn);
}

/* Whether a known connection is judged as it leaves: under the policy of this interface, or it is an answer. */
static __always_inline bool is_asked(struct __sk_buff *skb, const struct cara_conn *conn,
				     const struct packet *p)
{
	if (!p->from)
		return conn->flags & (CARA_CONN_TO_NODE | CARA_CONN_BY_NODE);
	return !conn_is_original(conn, p) || conn->leg[p->dir & 1].ifindex == skb->ifindex;
}

static __always_inline int to_host_slow(struct __sk_buff *skb, struct packet *p,
					struct cara_conn *conn)
{
	struct cara_scratch *scratch = scratch_clear();

	if (!scratch)
		return CARA_DROP_MALFORMED;
	if (node_is_neighbour(skb, p))
		return CARA_PASS;
	if (p->kind == PACKET_ERROR)
		return related(skb, p, &scratch->leg, 0);
	return p->from ? node_forward(skb, p, conn, skb->ifindex)
		       : node_own(skb, p, conn, CARA_EGRESS);
}

static __always_inline int to_host_policed(struct __sk_buff *skb)
{
	struct cara_scratch *scratch;
	struct packet p = {};
	struct cara_conn *conn;
	bool is_judged = false;
	int reason;
	__u64 now;

	reason = parse(skb, &p);
	if (reason == CARA_PASS_NOT_IP || reason == CARA_DROP_NOT_IP ||
	    reason == CARA_DROP_FRAGMENT_UNKNOWN)
		return CARA_PASS;
	p.from = skb->ingress_ifindex;
	/* of what the node itself sends */
	if (!reason && !p.from && !node_is_neighbour(skb, &p)) {
		reason = untracked(skb, &p, CARA_EGRESS);
		if (!reason)
			return CARA_PASS;
		if (reason == POLICY_NONE)
			reason = CARA_PASS;
	}
	if (!reason) {
		conn = bpf_map_lookup_elem(&cara_conns, &p.key);
		now = clock_now();
		if (conn && admit_at_once(conn, &p, now) && is_asked(skb, conn, &p)) {
			/* what came in was counted there */
			if (!p.from)
				conn_touch(conn, &p, now, skb->len);
			return CARA_PASS;
		}
		reason = to_host_slow(skb, &p, conn);
		is_judged = true;
	}
	if (!reason)
		return CARA_PASS;
	event_drop(skb, &p, reason, CARA_EGRESS);
	scratch = scratch_get();
	return scratch && is_judged && scratch->reset && !reset(skb, &p, RESET_LEAVING) ? CARA_PASS
											: reason;
}

SEC("tc")
int to_host(struct __sk_buff *skb)
{
	if (settings_has_hosts()) {
		if (skb->mark & CARA_MARK_JUDGED)
			skb->mark &= ~CARA_MARK_JUDGED;
		else if (!skb->vlan_present && skb->mark != CARA_MARK_RESET &&
			 host_find(skb->ifindex) && to_host_policed(skb))
			return ROUTE_DROP;
	}
	event_count(CARA_PASS);
	return ROUTE_STACK;
}

/*
 * What xdp_host does, where XDP is not to be had. It hangs before from_host, and sees packets of known connections
 * as well.
 */
SEC("tc")
int untracked_host(struct __sk_buff *skb)
{
	struct packet p = {};
	int reason;

	if (skb->vlan_present || !host_find(skb->ifindex))
		return ROUTE_STACK;
	reason = parse(skb, &p);
	if (reason == CARA_PASS_NOT_IP || reason == CARA_DROP_NOT_IP || node_is_neighbour(skb, &p))
		return ROUTE_STACK;
	if (!reason || reason == CARA_DROP_FRAGMENT_UNKNOWN)
		reason = untracked(skb, &p, CARA_INGRESS);
	if (reason <= 0)
		return ROUTE_STACK;
	event_drop(skb, &p, reason, CARA_INGRESS);
	return ROUTE_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
