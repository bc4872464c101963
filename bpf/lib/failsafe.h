/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Traffic of the node itself that no host endpoint's policy can cut off: who locks himself out, or leaves the
 * tables incomplete, still reaches the node, and the node its store.
 */
#pragma once

#include "maps.h"
#include "packet.h"
#include "settings.h"

/* Whether cara_failsafes is worth being asked about a port: most packets are told here that it is not. */
static __always_inline bool failsafe_may_be(__u8 direction, __be16 port)
{
	const struct cara_settings *settings = settings_get();
	__u32 rest = bpf_ntohs(port) & 0xff;
	__u32 word = (direction & CARA_EGRESS) * 4 + rest / 64;

	return !settings || !(settings->no_failsafe[word] >> (rest % 64) & 1);
}

/* What cara_failsafes has, on a stack of its own. */
__noinline int failsafe_look(const struct cara_addr *remote, __u32 direction, __u32 proto,
			     __u32 port)
{
	struct cara_failsafe_key key = {
		.prefixlen = 32 + CARA_ADDR_BITS,
		.direction = direction,
		.proto = proto,
		.port = port,
	};

	if (!remote)
		return 0;
	key.addr = *remote;
	return bpf_map_lookup_elem(&cara_failsafes, &key) ? 1 : 0;
}

/* Whether `port`, the node's own for CARA_INGRESS and the far end's for CARA_EGRESS, is a failsafe. */
static __always_inline bool failsafe_has(__u8 direction, __u8 proto, __be16 port,
					 const struct cara_addr *remote)
{
	return failsafe_may_be(direction, port) && failsafe_look(remote, direction, proto, port);
}

/* The same of the first packet of a connection. */
static __always_inline bool failsafe_passes(const struct packet *p, __u8 direction)
{
	return failsafe_has(direction, p->key.proto, packet_dport(p),
			    direction == CARA_INGRESS ? packet_src(p) : packet_dst(p));
}
