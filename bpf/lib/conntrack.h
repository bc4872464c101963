/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections: is an entry alive, was it judged under the policy of now, does this packet belong to it,
 * and what does the packet change. Time is nanoseconds of the coarse monotonic clock.
 *
 * Counters are added without atomics: packets of one direction come from one CPU nearly always, and a
 * lost count is cheaper than a locked bus. Flags decide timeouts, so they are set atomically.
 */
#pragma once

#include <linux/errno.h>
#include "clock.h"
#include "maps.h"
#include "transport.h"

enum {
	CONN_NANOSECONDS = 1000000000,
	CONN_ESTABLISHED = CARA_CONN_ACK_A | CARA_CONN_ACK_B,
	CONN_CLOSED = CARA_CONN_FIN_A | CARA_CONN_FIN_B,
	/* as if the handshake had been seen */
	CONN_MIDSTREAM = CONN_ESTABLISHED | CARA_CONN_SYN_A | CARA_CONN_SYN_B,
};

static __always_inline __u32 conn_gen(__u32 slot)
{
	__u32 *gen = bpf_map_lookup_elem(&cara_gens, &slot);

	return gen ? *gen : 0;
}

static __always_inline bool conn_slot_is_current(__u32 slot, __u32 gen)
{
	return !slot || conn_gen(slot) == gen;
}

/* No generation of a verdict behind the entry has moved. */
static __always_inline bool conn_is_current(const struct cara_conn *conn)
{
	return conn_slot_is_current(conn->src_slot, conn->src_gen) &&
	       conn_slot_is_current(conn->dst_slot, conn->dst_gen);
}

static __always_inline bool conn_is_closed(__u32 flags)
{
	return (flags & CARA_CONN_RST) || (flags & CONN_CLOSED) == CONN_CLOSED;
}

static __always_inline __u32 conn_timeout(__u8 proto, __u32 flags)
{
	if (proto == IPPROTO_TCP) {
		if (flags & CARA_CONN_RST)
			return CARA_TIMEOUT_TCP_RESET;
		if ((flags & CONN_CLOSED) == CONN_CLOSED)
			return CARA_TIMEOUT_TCP_FINS;
		if ((flags & CONN_ESTABLISHED) == CONN_ESTABLISHED)
			return CARA_TIMEOUT_TCP_ESTABLISHED;
		return CARA_TIMEOUT_TCP_SYN;
	}
	if (proto == IPPROTO_UDP)
		return CARA_TIMEOUT_UDP;
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return CARA_TIMEOUT_ICMP;
	return CARA_TIMEOUT_GENERIC;
}

/* Signed, because another CPU may have written a `seen` that is a tick ahead of our `now`. */
static __always_inline bool conn_is_live(const struct cara_conn *conn, __u8 proto, __u64 now)
{
	__s64 limit = (__s64)conn_timeout(proto, conn->flags) * CONN_NANOSECONDS;

	return (__s64)(now - conn->seen) <= limit;
}

/* Whether the packet goes the way of the one that made the entry. */
static __always_inline bool conn_is_original(const struct cara_conn *conn, const struct packet *p)
{
	return p->dir == !(conn->flags & CARA_CONN_FROM_A);
}

/* The type that answers a query; 0xff: it is no question. */
static __always_inline __u8 conn_icmp_answer(__u8 proto, __u8 type)
{
	if (proto == IPPROTO_ICMPV6)
		return type == ICMP6_ECHO_REQUEST ? ICMP6_ECHO_REPLY : 0xff;
	if (type == ICMP_ECHO)
		return ICMP_ECHOREPLY;
	return type == ICMP_TIMESTAMP ? ICMP_TIMESTAMPREPLY : 0xff;
}

/*
 * Whether the key alone is enough. One identifier may serve a ping and a timestamp request: only
 * the question that was judged, and its answer, belong to the entry.
 */
static __always_inline bool conn_owns(const struct cara_conn *conn, const struct packet *p)
{
	__u8 asked = bpf_ntohs(conn->icmp) >> 8;

	if (p->kind != PACKET_QUERY)
		return p->kind == PACKET_PLAIN;
	if (conn_is_original(conn, p))
		return p->icmp == conn->icmp;
	return bpf_ntohs(p->icmp) >> 8 == conn_icmp_answer(p->key.proto, asked);
}

static __always_inline __u32 conn_tcp_flags(const struct packet *p)
{
	__u32 flags = 0;

	if (p->tcp & TCP_SYN)
		flags |= CARA_CONN_SYN_A << p->dir;
	if (p->tcp & TCP_ACK)
		flags |= CARA_CONN_ACK_A << p->dir;
	if (p->tcp & TCP_FIN)
		flags |= CARA_CONN_FIN_A << p->dir;
	if (p->tcp & TCP_RST)
		flags |= CARA_CONN_RST;
	return flags;
}

/* Enters one more packet of `size` bytes into a live entry. */
static __always_inline void conn_touch(struct cara_conn *conn, const struct packet *p, __u64 now,
				       __u32 size)
{
	struct cara_leg *leg = &conn->leg[p->dir & 1];
	__u32 flags = conn_tcp_flags(p);

	if (!conn_is_original(conn, p))
		flags |= CARA_CONN_REPLIED;
	if (flags & ~conn->flags)
		__sync_fetch_and_or(&conn->flags, flags);
	if ((__s64)(now - conn->seen) >= CARA_SEEN_GRAIN)
		conn->seen = now;
	leg->packets += 1;
	leg->bytes += size;
}

/* Writes a new entry; `old` says that an ended one stands there. CARA_PASS or CARA_DROP_CONN_FULL. */
static __always_inline int conn_create(struct packet *p, struct cara_conn *fresh, __u32 flags,
				       bool old, __u32 size)
{
	struct cara_leg *leg = &fresh->leg[p->dir & 1];
	long result;

	fresh->created = clock_now();
	fresh->seen = fresh->created;
	fresh->icmp = p->icmp;
	fresh->flags = flags | conn_tcp_flags(p) | (p->dir ? 0 : CARA_CONN_FROM_A);
	if (p->key.proto == IPPROTO_TCP && !packet_is_syn(p))
		fresh->flags |= CONN_MIDSTREAM;
	leg->packets = 1;
	leg->bytes = size;
	result = bpf_map_update_elem(&cara_conns, &p->key, fresh, old ? BPF_ANY : BPF_NOEXIST);
	/* Two CPUs may judge two packets of one new flow; both come to the same entry. */
	return !result || result == -EEXIST ? CARA_PASS : CARA_DROP_CONN_FULL;
}
