/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fragments of both families. The first one shows the ports and leaves them in cara_frags for those
 * that follow; one that comes before it, or too long after, is dropped: nothing passes unjudged.
 */
#pragma once

#include "clock.h"
#include "maps.h"
#include "transport.h"

enum {
	FRAGMENT_UNIT = 8, /* bytes that an offset counts */
	FRAGMENT_MORE = 0x2000, /* IPv4: in host order, of the field frag_off */
	FRAGMENT_OFFSET = 0x1fff,
	FRAGMENT_NANOSECONDS = 1000000000,
};

static __always_inline void fragment_key(struct cara_frag_key *key, const struct packet *p)
{
	key->src = *packet_src(p);
	key->dst = *packet_dst(p);
	key->id = p->id;
	key->proto = packet_is_v4(p) ? p->key.proto : 0;
}

static __always_inline enum cara_reason fragment_remember(const struct packet *p)
{
	struct cara_frag_key key = {};
	struct cara_frag frag = {
		.seen = clock_now(),
		.sport = packet_sport(p),
		.dport = packet_dport(p),
		.icmp = p->icmp,
		.proto = p->key.proto,
		.kind = p->kind,
	};

	fragment_key(&key, p);
	/* Without room the ones that follow are dropped, as if the first had been lost. */
	bpf_map_update_elem(&cara_frags, &key, &frag, BPF_ANY);
	return CARA_PASS;
}

static __always_inline enum cara_reason fragment_recall(struct packet *p)
{
	const __u64 limit = (__u64)CARA_TIMEOUT_FRAGMENT * FRAGMENT_NANOSECONDS;
	struct cara_frag_key key = {};
	struct cara_frag *frag;

	fragment_key(&key, p);
	frag = bpf_map_lookup_elem(&cara_frags, &key);
	if (!frag || clock_now() - frag->seen > limit)
		return CARA_DROP_FRAGMENT_UNKNOWN;
	p->key.proto = frag->proto;
	p->kind = frag->kind;
	p->icmp = frag->icmp;
	packet_set_ports(p, frag->sport, frag->dport);
	return CARA_PASS;
}

/*
 * What can be said of a fragment without reading more of it: `offset` counts bytes, `more` says that others
 * follow. Sets p->fragment.
 */
static __always_inline int fragment_check(struct packet *p, __u32 offset, __u32 more)
{
	/* RFC 791 3.2, RFC 8200 4.5: all but the last are whole units; none ends past 64 KiB. */
	if ((more && packet_l4_size(p) % FRAGMENT_UNIT) || offset + packet_l4_size(p) > 0xffff)
		return CARA_DROP_MALFORMED;
	p->fragment = offset ? FRAGMENT_LATER : FRAGMENT_FIRST;
	/* RFC 3128 2.1: it would overwrite the TCP header that was judged. */
	if (offset && p->key.proto == IPPROTO_TCP && offset < sizeof(struct tcphdr))
		return CARA_DROP_MALFORMED;
	return CARA_PASS;
}

/*
 * Finishes the parse of a fragment whose addresses, id, protocol and l4_off are known. `offset` counts
 * bytes, `more` says that others follow.
 */
__noinline int fragment(struct __sk_buff *skb, struct packet *p, __u32 offset, __u32 more)
{
	int reason;

	if (!p)
		return CARA_DROP_MALFORMED;
	reason = fragment_check(p, offset, more);
	if (reason)
		return reason;
	if (offset)
		return fragment_recall(p);
	reason = transport(skb, p);
	return reason ? reason : fragment_remember(p);
}
