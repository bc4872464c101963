/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Traffic of the node itself that no host endpoint's policy can cut off: who locks himself out, or leaves the
 * tables incomplete, still reaches the node, and the node its store.
 */
#pragma once

#include "maps.h"
#include "packet.h"

/* Whether `port`, the node's own for CARA_INGRESS and the far end's for CARA_EGRESS, is a failsafe. */
static __always_inline bool failsafe_has(__u8 direction, __u8 proto, __be16 port,
					 const struct cara_addr *remote)
{
	struct cara_failsafe_key key = {
		.prefixlen = 32 + CARA_ADDR_BITS,
		.direction = direction,
		.proto = proto,
		.port = port,
		.addr = *remote,
	};

	return bpf_map_lookup_elem(&cara_failsafes, &key);
}

/* The same of the first packet of a connection. */
static __always_inline bool failsafe_passes(const struct packet *p, __u8 direction)
{
	return failsafe_has(direction, p->key.proto, packet_dport(p),
			    direction == CARA_INGRESS ? packet_src(p) : packet_dst(p));
}
