/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What only workloads' interfaces see: talk between a pod and its node that no policy decides. */
#pragma once

#include "judge.h"
#include "rules.h"
#include "scratch.h"

enum {
	/* RFC 4861 7.1: not forwarded by anyone on its way */
	WORKLOAD_ND_HOPS = 255,
	WORKLOAD_HOPS_OFF = ETH_HLEN + 7, /* of an IPv6 header */
};

/* Multicast listener and neighbour messages; all but advertisements of routers. */
static __always_inline bool workload_is_neighbour_type(__u8 type)
{
	switch (type) {
	case 130: /* multicast listener query, RFC 2710 */
	case 131: /* report */
	case 132: /* done */
	case 133: /* router solicitation, RFC 4861 */
	case 135: /* neighbour solicitation */
	case 136: /* neighbour advertisement */
	case 143: /* multicast listener report of version 2, RFC 9777 */
		return true;
	default:
		return false;
	}
}

/*
 * ICMPv6 that a pod must be able to say to its node whatever its policy: Calico's list, and the listener
 * report that Linux really sends. It never leaves the link, so a link-local source is no forgery.
 */
static __always_inline bool workload_is_neighbour(struct __sk_buff *skb, const struct packet *p)
{
	const struct cara_addr *src = packet_src(p), *dst = packet_dst(p);
	__u8 hops, type = bpf_ntohs(p->icmp) >> 8;

	if (p->key.proto != IPPROTO_ICMPV6 || !workload_is_neighbour_type(type))
		return false;
	if (bpf_skb_load_bytes(skb, WORKLOAD_HOPS_OFF, &hops, sizeof(hops)) < 0)
		return false;
	if (hops != (type >= 133 && type <= 136 ? WORKLOAD_ND_HOPS : 1))
		return false;
	if (!addr_is_v6_multicast(dst) && !addr_is_v6_link_local(dst) &&
	    !bpf_map_lookup_elem(&cara_locals, dst))
		return false;
	return addr_is_v6_link_local(src) || addr_is_unspecified(src) ||
	       !judge_is_forged(p, ORIGIN_WORKLOAD);
}

/*
 * A packet of the node itself to a workload is always allowed; the entry lets the answer back in. TCP
 * counts as established from any packet on, so that connections older than the program go on.
 */
__noinline int workload_from_node(struct __sk_buff *skb, struct packet *p, struct cara_conn *conn)
{
	struct cara_scratch *scratch = scratch_get();
	__u64 now = clock_now();
	struct cara_leg *back;

	if (!p || !scratch)
		return CARA_DROP_MALFORMED;
	back = &scratch->fresh.leg[!p->dir];
	if (p->kind == PACKET_NOTICE || p->kind == PACKET_ERROR || (p->tcp & TCP_RST) ||
	    addr_equal(&p->key.a, &p->key.b))
		return CARA_PASS;
	if (conn && conn_is_live(conn, p->key.proto, now) &&
	    conn->leg[!p->dir].from_ifindex == skb->ifindex &&
	    !(packet_is_syn(p) && conn_is_closed(conn->flags))) {
		if (conn_owns(conn, p))
			conn_touch(conn, p, now, skb->len);
		return CARA_PASS;
	}
	/* An answer to nothing we know needs no answer. */
	if (p->kind == PACKET_QUERY &&
	    conn_icmp_answer(p->key.proto, bpf_ntohs(p->icmp) >> 8) == 0xff)
		return CARA_PASS;
	if (conn)
		conn_account(conn);
	back->from_ifindex = skb->ifindex;
	route_to_stack(back);
	return conn_create(p, &scratch->fresh, CARA_CONN_FROM_HOST, conn, skb->len);
}
