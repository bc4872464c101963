/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a packet that the fast path could not place: it belongs to a connection whose verdict
 * must be asked for again, or begins one, or is about one, or stands alone.
 */
#pragma once

#include "judge.h"
#include "related.h"
#include "reset.h"
#include "scratch.h"

/* What a packet does with the entry of its key. */
enum admit_state {
	ADMIT_NEW, /* nothing is there, or what is there has ended: make an entry */
	ADMIT_KNOWN, /* belongs to it */
	ADMIT_ALONE, /* must be judged for itself and leaves the entry alone */
};

/*
 * The fast path's question: all that is needed is a live entry judged under the policy of now. A SYN
 * may begin something else under the same key.
 */
static __always_inline bool admit_at_once(const struct cara_conn *conn, const struct packet *p,
					  __u64 now)
{
	return p->kind == PACKET_PLAIN && !packet_is_syn(p) &&
	       conn_is_live(conn, p->key.proto, now) && conn_is_current(conn);
}

static __always_inline enum admit_state admit_state(const struct cara_conn *conn,
						    const struct packet *p, __u64 now)
{
	if (p->kind == PACKET_NOTICE)
		return ADMIT_ALONE;
	if (!conn || !conn_is_live(conn, p->key.proto, now))
		return ADMIT_NEW;
	if (!conn_owns(conn, p))
		return ADMIT_ALONE;
	if (!packet_is_syn(p))
		return ADMIT_KNOWN;
	if (conn_is_closed(conn->flags))
		return ADMIT_NEW;
	/* Opening from the other side is not a reply: the policy of that direction decides. */
	return conn_is_original(conn, p) ? ADMIT_KNOWN : ADMIT_ALONE;
}

/* Puts what a new verdict found into an entry that goes on. */
static __always_inline void admit_renew(struct cara_conn *conn, const struct cara_conn *fresh)
{
	int i;

	/* What was counted so far belongs to the rules that allowed it so far. */
	if (conn->egress_rule != fresh->egress_rule || conn->ingress_rule != fresh->ingress_rule)
		conn_account(conn);
	conn->src_slot = fresh->src_slot;
	conn->src_gen = fresh->src_gen;
	conn->dst_slot = fresh->dst_slot;
	conn->dst_gen = fresh->dst_gen;
	conn->egress_rule = fresh->egress_rule;
	conn->ingress_rule = fresh->ingress_rule;
	staged_renew(conn, fresh);
	for (i = 0; i < 2; i++) {
		/* unknown while it is being written, so that no packet takes half a way */
		conn->leg[i].way = CARA_WAY_UNKNOWN;
		conn->leg[i].from_ifindex = fresh->leg[i].from_ifindex;
		conn->leg[i].ifindex = fresh->leg[i].ifindex;
		conn->leg[i].to = fresh->leg[i].to;
		conn->leg[i].mtu = fresh->leg[i].mtu;
		conn->leg[i].route_gen = fresh->leg[i].route_gen;
		conn->leg[i].way = fresh->leg[i].way;
	}
}

/*
 * Asks the policy of now about a known connection, as of its first packet, whichever direction `p`
 * goes. A refusal leaves the entry as it was: it ages away, or goes on when policy allows it again.
 */
static __always_inline int admit_again(struct __sk_buff *skb, struct packet *p,
				       struct cara_conn *conn, struct cara_scratch *scratch)
{
	struct cara_conn *fresh = &scratch->fresh;
	enum judge_origin origin = ORIGIN_WORKLOAD;
	__be16 icmp = p->icmp;
	__u32 from = p->from;
	__u8 dir = p->dir;
	int reason;

	p->dir = !(conn->flags & CARA_CONN_FROM_A);
	p->icmp = conn->icmp;
	p->from = conn->leg[p->dir & 1].from_ifindex;
	if (!p->from) {
		origin = ORIGIN_WIRE;
		/* the way in is where the way back leads */
		p->from = p->dir == dir ? from : conn->leg[!p->dir].ifindex;
	}
	/* what the hook peeked at may be the other end */
	fresh->dst_slot = 0;
	/* for what passes through: its way out is the stack's choice */
	fresh->leg[p->dir & 1].ifindex = conn->leg[p->dir & 1].ifindex;
	reason = judge_all(skb, p, scratch, origin);
	p->dir = dir;
	p->icmp = icmp;
	p->from = from;
	if (!reason)
		admit_renew(conn, fresh);
	return reason;
}

/* Finds the way of a known connection's leg when it has none or the routes have changed. */
static __always_inline int admit_way(struct __sk_buff *skb, struct packet *p, struct cara_leg *leg)
{
	struct cara_endpoint *endpoint;
	int reason;

	if (leg->way != CARA_WAY_UNKNOWN && leg->route_gen == conn_gen(0))
		return CARA_PASS;
	leg->way = CARA_WAY_UNKNOWN;
	endpoint = bpf_map_lookup_elem(&cara_endpoints, packet_dst(p));
	if (endpoint) {
		route_to_endpoint(leg, endpoint);
		return CARA_PASS;
	}
	reason = route_find(skb, p, leg);
	/* The verdict on talking to the node was given with the connection's first packet. */
	return reason == CARA_DROP_HOST_ENDPOINT ? CARA_PASS : reason;
}

/*
 * Whether an address that was another node's when the connection began has come to live here: its pod's
 * policy was never asked. That moves routes, so it need not be looked for while they stand still.
 */
static __always_inline bool admit_is_moved(const struct cara_conn *conn, const struct packet *p)
{
	struct cara_endpoint *endpoint;

	if (conn->leg[p->dir & 1].route_gen == conn_gen(0))
		return false;
	endpoint = bpf_map_lookup_elem(&cara_endpoints, packet_dst(p));
	return endpoint && endpoint->ifindex != conn->leg[!p->dir].from_ifindex;
}

/* A packet of a known connection. */
static __always_inline int admit_known(struct __sk_buff *skb, struct packet *p,
				       struct cara_conn *conn, struct cara_scratch *scratch,
				       __u64 now)
{
	int reason = CARA_PASS;

	if (!(conn->flags & CARA_CONN_FROM_HOST) &&
	    (!conn_is_current(conn) || admit_is_moved(conn, p)))
		reason = admit_again(skb, p, conn, scratch);
	if (!reason)
		conn_touch(conn, p, now, skb->len);
	return reason;
}

/*
 * Where the packet of a connection that is refused would have gone: there goes the reset. The entry
 * ends with it, so that a new connection may take its place.
 */
static __always_inline void admit_reset(struct __sk_buff *skb, struct packet *p,
					struct cara_conn *conn, __u32 *is_due, __u32 origin)
{
	*is_due = 1;
	__sync_fetch_and_or(&conn->flags, CARA_CONN_RST);
	if (origin != ORIGIN_STACK)
		admit_way(skb, p, &conn->leg[p->dir & 1]);
}

/* Whether the entry's idea of both ends agrees with where the packet came from and goes to. */
static __always_inline bool admit_fits(struct __sk_buff *skb, const struct packet *p,
				       const struct cara_conn *conn, __u32 origin)
{
	__u32 expected = conn->leg[p->dir & 1].from_ifindex;

	if (origin == ORIGIN_WORKLOAD)
		return expected == p->from;
	if (origin == ORIGIN_WIRE)
		return !expected;
	return (!expected || expected == p->from) &&
	       conn->leg[!p->dir].from_ifindex == skb->ifindex;
}

/* TCP that begins in the middle; of a forged one its source is the better reason. */
static __always_inline int admit_midstream(const struct packet *p, __u32 origin)
{
	if (p->key.proto != IPPROTO_TCP || packet_is_syn(p) || p->fragment == FRAGMENT_LATER ||
	    !settings_check_tcp())
		return CARA_PASS;
	return judge_is_forged(p, origin) ? CARA_DROP_SPOOFED_SOURCE : CARA_DROP_INVALID_TCP;
}

/*
 * Decides about a packet that is no ICMP error: CARA_PASS, and then the scratch holds the way, or a
 * reason to drop. `conn` is the entry of its key, if there is one. The scratch must be clear.
 */
__noinline int admit(struct __sk_buff *skb, struct packet *p, struct cara_conn *conn, __u32 origin)
{
	struct cara_scratch *scratch = scratch_get();
	__u64 now = clock_now();
	enum admit_state state;
	struct cara_leg *leg;
	int reason;

	if (!p || !scratch)
		return CARA_DROP_MALFORMED;
	state = admit_state(conn, p, now);
	if (conn && state == ADMIT_KNOWN && admit_fits(skb, p, conn, origin)) {
		leg = &conn->leg[p->dir & 1];
		reason = admit_known(skb, p, conn, scratch, now);
		if (reset_is_due(p, reason))
			admit_reset(skb, p, conn, &scratch->reset, origin);
		else if (!reason && origin != ORIGIN_STACK)
			reason = admit_way(skb, p, leg);
		scratch->leg = *leg;
		return reason;
	}
	if (state != ADMIT_ALONE) {
		reason = admit_midstream(p, origin);
		if (reason)
			return reason;
	}
	reason = judge_all(skb, p, scratch, origin);
	leg = &scratch->fresh.leg[p->dir & 1];
	if (!reason && origin == ORIGIN_STACK && leg->ifindex != skb->ifindex)
		reason = CARA_DROP_NOT_READY;
	scratch->leg = *leg;
	if (reason || state == ADMIT_ALONE)
		return reason;
	if (conn)
		conn_account(conn);
	return conn_create(p, &scratch->fresh, 0, conn, skb->len);
}

/* Decides about an ICMP error, as admit() does about the rest. */
__noinline int admit_error(struct __sk_buff *skb, struct packet *p, __u32 origin)
{
	struct cara_scratch *scratch = scratch_get();
	int reason;

	if (!p || !scratch)
		return CARA_DROP_MALFORMED;
	if (judge_is_forged(p, origin))
		return CARA_DROP_SPOOFED_SOURCE;
	reason = related(skb, p, &scratch->leg, origin == ORIGIN_WORKLOAD ? p->from : 0);
	if (reason || origin == ORIGIN_STACK)
		return reason;
	return admit_way(skb, p, &scratch->leg);
}
