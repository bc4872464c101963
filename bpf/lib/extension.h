/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The chain of IPv6 extension headers (RFC 8200 4): followed up to the transport header or a fragment
 * header, CARA_HEADERS_MAX of them at most. What is no extension header ends the chain, so that
 * payload is never read as one.
 */
#pragma once

#include "fragment.h"

/* The first eight bytes of any extension header: none is shorter. */
struct extension {
	__u8 next;
	__u8 length; /* in units that differ; reserved in a fragment header */
	__be16 offset; /* fragment: offset << 3 | more; routing: type and segments left */
	__be32 id; /* fragment */
};

enum {
	EXTENSION_UNIT = 8,
	EXTENSION_AH_UNIT = 4, /* RFC 4302 2.2 */
	ROUTING_TYPE_0 = 0,
};

static __always_inline bool extension_is(__u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
	       proto == IPPROTO_FRAGMENT || proto == IPPROTO_AH;
}

static __always_inline __u32 extension_size(__u8 proto, const struct extension *header)
{
	if (proto == IPPROTO_FRAGMENT)
		return sizeof(*header);
	if (proto == IPPROTO_AH)
		return (header->length + 2) * EXTENSION_AH_UNIT;
	return (header->length + 1) * EXTENSION_UNIT;
}

/* A type 0 header would send the packet on to a destination that nobody judged (RFC 5095 3). */
static __always_inline bool extension_reroutes(__u8 proto, const struct extension *header)
{
	__u16 routing = bpf_ntohs(header->offset);

	return proto == IPPROTO_ROUTING && routing >> 8 == ROUTING_TYPE_0 && (routing & 0xff);
}

/*
 * Moves l4_off and key.proto past one extension header, the `i`th. A real fragment leaves `p->id` and its
 * offset field (FRAGMENT_OFFSET units of 8, lowest bit: more) in `field`; one that is the whole
 * packet (RFC 6946) is passed over.
 */
static __always_inline int extension_step(struct packet *p, const struct extension *header, __u32 i,
					  __u32 *field)
{
	__u8 proto = p->key.proto;
	__u32 size = extension_size(proto, header);

	/* RFC 8200 4.1: hop-by-hop options stand first or not at all */
	if (proto == IPPROTO_HOPOPTS && i)
		return CARA_DROP_MALFORMED;
	if (size > packet_l4_size(p) || extension_reroutes(proto, header))
		return CARA_DROP_MALFORMED;
	p->l4_off += size;
	p->key.proto = header->next;
	if (proto == IPPROTO_FRAGMENT && (header->offset & bpf_htons(0xfff9))) {
		p->id = header->id;
		*field = bpf_ntohs(header->offset);
	}
	return CARA_PASS;
}

/* Walks from the first extension header to what comes after the last, or to a real fragment's. */
__noinline int extension_walk(struct __sk_buff *skb, struct packet *p, __u32 *field)
{
	struct extension header;
	int reason;
	__u32 i;

	if (!p || !field)
		return CARA_DROP_MALFORMED;
	for (i = 0; i < CARA_HEADERS_MAX; i++) {
		if (!extension_is(p->key.proto))
			return CARA_PASS;
		if (bpf_skb_load_bytes(skb, p->l4_off, &header, sizeof(header)) < 0)
			return CARA_DROP_MALFORMED;
		reason = extension_step(p, &header, i, field);
		if (reason || *field)
			return reason;
	}
	return extension_is(p->key.proto) ? CARA_DROP_HEADERS : CARA_PASS;
}

/* Finishes the parse of an IPv6 packet whose transport header does not follow at once. */
__noinline int extension_parse(struct __sk_buff *skb, struct packet *p)
{
	__u32 field = 0;
	int reason;

	if (!p)
		return CARA_DROP_MALFORMED;
	reason = extension_walk(skb, p, &field);
	if (reason)
		return reason;
	if (field)
		return fragment(skb, p, field & 0xfff8, field & 1);
	return transport(skb, p);
}
