// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tc programs on the host end of a pod's veth.
 *
 *   from_workload (ingress): parse -> known? ---------------------------> forward
 *                                      `-> neighbour talk? -> admit --------^
 *   to_workload (egress):    parse -> known? -> pass
 *                                      `-> from the node? -> entry -> pass
 *                                      `-> admit -> pass
 *
 * A stage returns CARA_PASS to go on or the reason that ends the packet. All that is not dropped or
 * redirected goes on to the next program and then to the node's stack.
 */
#include "../lib/admit.h"
#include "../lib/parse.h"
#include "../lib/workload.h"

static __always_inline int drop(struct __sk_buff *skb, struct packet *p, int reason,
				enum cara_direction direction)
{
	event_drop(skb, p, reason, direction);
	return ROUTE_DROP;
}

/* Whether the known connection has a way for the packet that still holds. */
static __always_inline bool is_ready(const struct cara_leg *leg)
{
	return leg->way != CARA_WAY_UNKNOWN && leg->route_gen == conn_gen(0);
}

/*
 * Sends a packet on its way; where the policy of the host endpoint on that way was asked, the program there need
 * not look at it again.
 */
static __always_inline int forward(struct __sk_buff *skb, const struct packet *p,
				   const struct cara_leg *leg, bool is_asked)
{
	int action = route_forward(skb, p, leg, ROUTE_NO_SUM);

	if (is_asked && leg->way == CARA_WAY_NEIGH && action == TC_ACT_REDIRECT)
		skb->mark |= CARA_MARK_JUDGED;
	return action;
}

static __always_inline int from_workload_slow(struct __sk_buff *skb, struct packet *p,
					      struct cara_conn *conn)
{
	struct cara_scratch *scratch = scratch_clear();
	int reason;

	if (!scratch)
		return ROUTE_DROP;
	if (reset_is_ours(skb, p))
		return ROUTE_STACK;
	p->from = skb->ifindex;
	if (p->kind == PACKET_ERROR)
		reason = admit_error(skb, p, ORIGIN_WORKLOAD);
	else if (p->kind == PACKET_NOTICE && workload_is_neighbour(skb, p))
		reason = CARA_PASS;
	else
		reason = admit(skb, p, conn, ORIGIN_WORKLOAD);
	if (reason) {
		event_drop(skb, p, reason, CARA_EGRESS);
		if (!scratch->reset || reset(skb, p, RESET_ARRIVING))
			return ROUTE_DROP;
	}
	return forward(skb, p, &scratch->leg, settings_has_hosts());
}

SEC("tc")
int from_workload(struct __sk_buff *skb)
{
	struct packet p = {};
	struct cara_conn *conn;
	struct cara_leg *leg;
	int reason;
	__u64 now;

	/* A tag belongs to a VLAN device that no pod's interface has. */
	reason = skb->vlan_present ? CARA_DROP_NOT_IP : parse(skb, &p);
	if (reason == CARA_PASS_NOT_IP) {
		event_count(reason);
		return ROUTE_STACK;
	}
	if (reason)
		return drop(skb, &p, reason, CARA_EGRESS);
	conn = bpf_map_lookup_elem(&cara_conns, &p.key);
	now = clock_now();
	if (conn && admit_at_once(conn, &p, now)) {
		leg = &conn->leg[p.dir & 1];
		if (leg->from_ifindex == skb->ifindex && is_ready(leg)) {
			conn_touch(conn, &p, now, skb->len);
			return forward(skb, &p, leg, host_is_noted(conn));
		}
	}
	return from_workload_slow(skb, &p, conn);
}

static __always_inline int to_workload_slow(struct __sk_buff *skb, struct packet *p,
					    struct cara_conn *conn)
{
	struct cara_scratch *scratch = scratch_clear();
	int reason;

	if (!scratch)
		return ROUTE_DROP;
	if (reset_is_ours(skb, p))
		return ROUTE_STACK;
	if (!p->from)
		reason = workload_from_node(skb, p, conn);
	else if (p->kind == PACKET_ERROR)
		reason = admit_error(skb, p, ORIGIN_STACK);
	else
		reason = admit(skb, p, conn, ORIGIN_STACK);
	if (reason) {
		event_drop(skb, p, reason, CARA_INGRESS);
		if (!scratch->reset || reset(skb, p, RESET_LEAVING))
			return ROUTE_DROP;
	}
	return ROUTE_STACK;
}

SEC("tc")
int to_workload(struct __sk_buff *skb)
{
	struct packet p = {};
	struct cara_conn *conn;
	int reason;
	__u64 now;

	reason = parse(skb, &p);
	/* What is no IP comes from the node: ARP, and whatever else an administrator lets it say. */
	if (reason == CARA_PASS_NOT_IP || reason == CARA_DROP_NOT_IP ||
	    (reason == CARA_DROP_FRAGMENT_UNKNOWN && !skb->ingress_ifindex))
		return ROUTE_STACK;
	if (reason)
		return drop(skb, &p, reason, CARA_INGRESS);
	p.from = skb->ingress_ifindex;
	conn = bpf_map_lookup_elem(&cara_conns, &p.key);
	now = clock_now();
	if (conn && admit_at_once(conn, &p, now) && admit_fits(skb, &p, conn, ORIGIN_STACK)) {
		conn_touch(conn, &p, now, skb->len);
		return ROUTE_STACK;
	}
	return to_workload_slow(skb, &p, conn);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
