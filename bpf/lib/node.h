/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Traffic between the node itself and its interfaces where there are host endpoints, and what its stack passes
 * from one interface to another. Each connection has an entry, so that answers pass without being asked about.
 */
#pragma once

#include "admit.h"
#include "host.h"
#include "neighbour.h"

static __always_inline bool node_is_neighbour(struct __sk_buff *skb, const struct packet *p)
{
	__u8 hops;

	if (!neighbour_may_be(p) ||
	    bpf_skb_load_bytes(skb, NEIGHBOUR_HOPS_OFF, &hops, sizeof(hops)) < 0)
		return false;
	return neighbour_is(p, hops);
}

/* An address by which only the node itself can be meant. */
static __always_inline bool node_is_own(const struct cara_addr *addr)
{
	return addr_is_unroutable(addr) || bpf_map_lookup_elem(&cara_locals, addr);
}

/* Whether the node has a socket that is connected to the other end of `p`. */
static __always_inline bool node_has_socket(struct __sk_buff *skb, const struct packet *p,
					    __u32 direction)
{
	const struct cara_addr *near = direction == CARA_INGRESS ? packet_dst(p) : packet_src(p);
	const struct cara_addr *far = direction == CARA_INGRESS ? packet_src(p) : packet_dst(p);
	__be16 nport = direction == CARA_INGRESS ? packet_dport(p) : packet_sport(p);
	__be16 fport = direction == CARA_INGRESS ? packet_sport(p) : packet_dport(p);
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;
	bool isConnected;
	__u32 size;

	if (packet_is_v4(p)) {
		tuple.ipv4.saddr = far->word[3];
		tuple.ipv4.daddr = near->word[3];
		tuple.ipv4.sport = fport;
		tuple.ipv4.dport = nport;
		size = sizeof(tuple.ipv4);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, far, sizeof(tuple.ipv6.saddr));
		__builtin_memcpy(tuple.ipv6.daddr, near, sizeof(tuple.ipv6.daddr));
		tuple.ipv6.sport = fport;
		tuple.ipv6.dport = nport;
		size = sizeof(tuple.ipv6);
	}
	socket = bpf_skc_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!socket)
		return false;
	isConnected = socket->state != BPF_TCP_LISTEN;
	bpf_sk_release(socket);
	return isConnected;
}

/* `p` seen the other way, and back. */
static __always_inline void node_turn(struct packet *p)
{
	p->dir = !p->dir;
}

/*
 * A packet in the middle of a connection that has no entry, because it is older than the host endpoint: either
 * end may have begun it, and it goes on if the policy of now allows that. Without a socket of ours it is no
 * connection at all.
 */
static __always_inline int node_midstream(struct __sk_buff *skb, struct packet *p,
					  struct cara_scratch *scratch, __u32 *direction)
{
	__u32 rule;
	int reason;

	if (!node_has_socket(skb, p, *direction))
		return settings_check_tcp() ? CARA_DROP_INVALID_TCP
					    : host_own(skb, p, skb->ifindex, *direction);
	reason = host_own(skb, p, skb->ifindex, *direction);
	if (!reason)
		return reason;
	rule = p->rule;
	node_turn(p);
	if (!host_own(skb, p, skb->ifindex, !*direction)) {
		scratch->staged[*direction & 1].end = 0;
		*direction = !*direction;
		return CARA_PASS;
	}
	scratch->staged[!*direction].end = 0;
	node_turn(p);
	p->rule = rule;
	return reason;
}

/* Both ways of the node's own traffic lead through its stack; the interface says whose policy was asked. */
static __always_inline void node_set_legs(struct cara_conn *conn, __u8 dir, __u32 direction,
					  __u32 ifindex)
{
	struct cara_leg *out = &conn->leg[dir & 1], *back = &conn->leg[!dir];

	route_to_stack(out);
	route_to_stack(back);
	if (direction == CARA_INGRESS)
		back->ifindex = ifindex;
	else
		out->ifindex = ifindex;
}

/* Asks the policy of now about a known connection of the node itself, as of its first packet. */
static __always_inline int node_again(struct __sk_buff *skb, struct packet *p,
				      struct cara_conn *conn, struct cara_scratch *scratch,
				      __u32 gen)
{
	__u32 direction = conn->flags & CARA_CONN_TO_NODE ? CARA_INGRESS : CARA_EGRESS;
	__u8 first = !(conn->flags & CARA_CONN_FROM_A), dir = p->dir;
	__be16 icmp = p->icmp;
	int reason;

	p->dir = first;
	p->icmp = conn->icmp;
	reason = host_own(skb, p,
			  conn->leg[(direction == CARA_INGRESS ? !first : first) & 1].ifindex,
			  direction);
	host_settled(p, scratch, reason);
	p->dir = dir;
	p->icmp = icmp;
	if (reason)
		return reason;
	/* what was counted so far is the former rule's */
	if (p->rule != (direction == CARA_INGRESS ? conn->ingress_rule : conn->egress_rule))
		conn_account(conn);
	conn->dst_gen = gen;
	staged_renew(conn, &scratch->fresh);
	if (direction == CARA_INGRESS)
		conn->ingress_rule = p->rule;
	else
		conn->egress_rule = p->rule;
	return CARA_PASS;
}

/* Ends the entry of a connection that is refused now, where its ends shall know: whoever drops the packet resets. */
static __always_inline void node_reset(const struct packet *p, struct cara_conn *conn,
				       struct cara_scratch *scratch, int reason)
{
	if (!reset_is_due(p, reason))
		return;
	scratch->reset = 1;
	__sync_fetch_and_or(&conn->flags, CARA_CONN_RST);
}

/*
 * Decides about a packet for the node itself (CARA_INGRESS) or by it (CARA_EGRESS) that is no ICMP error. The
 * scratch must be clear.
 */
__noinline int node_own(struct __sk_buff *skb, struct packet *p, struct cara_conn *conn,
			__u32 direction)
{
	struct cara_scratch *scratch = scratch_get();
	__u64 now = clock_now();
	__u32 gen = conn_gen(CARA_SLOT_HOSTS);
	enum admit_state state;
	int reason = CARA_PASS;

	if (!p || !scratch)
		return CARA_DROP_MALFORMED;
	if (addr_equal(&p->key.a, &p->key.b))
		return CARA_DROP_SPOOFED_SOURCE;
	state = admit_state(conn, p, now);
	if (conn && state == ADMIT_KNOWN &&
	    (conn->flags & (CARA_CONN_TO_NODE | CARA_CONN_BY_NODE))) {
		if (!conn_is_current(conn))
			reason = node_again(skb, p, conn, scratch, gen);
		if (!reason)
			conn_touch(conn, p, now, skb->len);
		else
			node_reset(p, conn, scratch, reason);
		return reason;
	}
	if (p->key.proto == IPPROTO_TCP && !packet_is_syn(p) && p->fragment != FRAGMENT_LATER &&
	    state != ADMIT_ALONE)
		reason = node_midstream(skb, p, scratch, &direction);
	else
		reason = host_own(skb, p, skb->ifindex, direction);
	host_settled(p, scratch, reason);
	if (reason || state == ADMIT_ALONE)
		return reason;
	scratch->fresh.dst_slot = CARA_SLOT_HOSTS;
	scratch->fresh.dst_gen = gen;
	node_set_legs(&scratch->fresh, p->dir, direction, skb->ifindex);
	if (direction == CARA_INGRESS)
		scratch->fresh.ingress_rule = p->rule;
	else
		scratch->fresh.egress_rule = p->rule;
	return conn_create(p, &scratch->fresh,
			   direction == CARA_INGRESS ? CARA_CONN_TO_NODE : CARA_CONN_BY_NODE, conn,
			   skb->len);
}

/* A packet that passes through, of a connection that is known. */
static __always_inline int node_forward_known(struct __sk_buff *skb, struct packet *p,
					      struct cara_conn *conn, struct cara_scratch *scratch,
					      __u32 out, __u64 now)
{
	struct cara_leg *leg = &conn->leg[p->dir & 1];
	bool is_transit;
	int reason;

	/* It leaves by another interface than was asked. */
	if (out && conn_is_original(conn, p) && leg->ifindex != out) {
		reason = host_settled(p, scratch, host_forward(skb, p, 0, out));
		if (reason)
			return reason;
		staged_keep(p, conn, CARA_EGRESS);
		if (leg->way == CARA_WAY_HOST)
			leg->ifindex = out;
	}
	reason = admit_known(skb, p, conn, scratch, now);
	is_transit = !conn->leg[0].from_ifindex && !conn->leg[1].from_ifindex;
	if (!reason && is_transit)
		route_to_stack(leg);
	return reason;
}

/*
 * Decides about a packet that is no ICMP error, came in by `p->from`, is not for the node and for no workload of
 * it, and will leave by `out`, 0 if that is not known. The scratch must be clear but for its leg.
 */
__noinline int node_forward(struct __sk_buff *skb, struct packet *p, struct cara_conn *conn,
			    __u32 out)
{
	struct cara_scratch *scratch = scratch_get();
	__u64 now = clock_now();
	enum admit_state state;
	struct cara_leg *leg;
	int reason;

	if (!p || !scratch)
		return CARA_DROP_MALFORMED;
	state = admit_state(conn, p, now);
	if (conn && state == ADMIT_KNOWN &&
	    !(conn->flags & (CARA_CONN_TO_NODE | CARA_CONN_BY_NODE | CARA_CONN_FROM_HOST))) {
		reason = node_forward_known(skb, p, conn, scratch, out, now);
		node_reset(p, conn, scratch, reason);
		return reason;
	}
	leg = &scratch->fresh.leg[p->dir & 1];
	route_to_stack(leg);
	leg->ifindex = out;
	leg = &scratch->fresh.leg[!p->dir];
	route_to_stack(leg);
	reason = judge_all(skb, p, scratch, ORIGIN_WIRE);
	if (reason || state == ADMIT_ALONE)
		return reason;
	return conn_create(p, &scratch->fresh, 0, conn, skb->len);
}
