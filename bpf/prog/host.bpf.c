// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tc programs on the node's own Ethernet interfaces.
 *
 *   from_host (ingress): parse -> known, to a pod? -----------> forward
 *                                  `-> to a pod? -> admit --------^
 *                                  `-> else: pass
 *   to_host (egress):    count, pass
 *
 * What is not for a local pod is the node's business and passes unjudged. On the way out there is nothing
 * to decide yet: what a pod sends was judged by from_workload, and the node's own traffic has no policy
 * before host endpoints do. to_host counts, so that what leaves is seen beside what is dropped.
 */
#include "../lib/admit.h"
#include "../lib/parse.h"

enum {
	PACKET_TO_US = 0 /* PACKET_HOST of linux/if_packet.h */
};

/*
 * Drops what cannot be read, except when it is plainly not for a pod: the node may put fragments
 * together that come out of order, and what a header is worth to it is for its own stack to say.
 */
static __always_inline int refuse(struct __sk_buff *skb, const struct packet *p, int reason)
{
	if (p->l4_off && !bpf_map_lookup_elem(&cara_endpoints, packet_dst(p)))
		return ROUTE_STACK;
	event_drop(skb, p, reason, CARA_INGRESS);
	return ROUTE_DROP;
}

static __always_inline int from_host_slow(struct __sk_buff *skb, struct packet *p,
					  struct cara_conn *conn)
{
	struct cara_scratch *scratch = scratch_clear();
	int reason;

	if (!scratch)
		return ROUTE_DROP;
	if (!judge_peek(packet_dst(p), &scratch->fresh.dst_slot, &scratch->fresh.dst_gen))
		return ROUTE_STACK;
	p->from = skb->ifindex;
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
	if (skb->pkt_type != PACKET_TO_US || skb->vlan_present)
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
	}
	return from_host_slow(skb, &p, conn);
}

SEC("tc")
int to_host(struct __sk_buff *skb)
{
	(void)skb;
	event_count(CARA_PASS);
	return ROUTE_STACK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
