/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMPv6 that keeps a link going: neighbours, routers, listeners. It is to IPv6 what ARP is to IPv4, and like
 * that no host endpoint's business; it never leaves the link.
 */
#pragma once

#include <linux/in6.h>
#include "packet.h"

enum {
	NEIGHBOUR_HOPS = 255, /* RFC 4861 7.1: not forwarded by anyone on its way */
	NEIGHBOUR_HOPS_OFF = ETH_HLEN + 7, /* of an IPv6 header */
};

/* Whether `p` may be such a message, if its hop limit fits too. */
static __always_inline bool neighbour_may_be(const struct packet *p)
{
	return p->key.proto == IPPROTO_ICMPV6 && p->kind == PACKET_NOTICE;
}

/* Whether it is, having come with `hops` left. */
static __always_inline bool neighbour_is(const struct packet *p, __u8 hops)
{
	__u8 type = bpf_ntohs(p->icmp) >> 8;

	if (type >= 133 && type <= 137)
		return hops == NEIGHBOUR_HOPS;
	return (type == 143 || (type >= 130 && type <= 132)) && hops == 1;
}
