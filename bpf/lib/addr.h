/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses of both families as 16 bytes in network order, IPv4 mapped. */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "../abi/abi.h"

static __always_inline void addr_set_v4(struct cara_addr *addr, __be32 v4)
{
	addr->word[0] = 0;
	addr->word[1] = 0;
	addr->word[2] = bpf_htonl(0xffff);
	addr->word[3] = v4;
}

/* Half of an address: the fast path moves and compares addresses eight bytes at a time. */
static __always_inline __be64 addr_half(const void *addr, int index)
{
	return ((const __be64 *)addr)[index];
}

/* `to` must be aligned to eight bytes; `from` may lie anywhere in a packet. */
static __always_inline void addr_copy(struct cara_addr *to, const void *from)
{
	((__be64 *)to)[0] = addr_half(from, 0);
	((__be64 *)to)[1] = addr_half(from, 1);
}

static __always_inline void addr_set_v6(struct cara_addr *addr, const __be32 *word)
{
	addr->word[0] = word[0];
	addr->word[1] = word[1];
	addr->word[2] = word[2];
	addr->word[3] = word[3];
}

static __always_inline bool addr_is_v4(const struct cara_addr *addr)
{
	return !addr->word[0] && !addr->word[1] && addr->word[2] == bpf_htonl(0xffff);
}

static __always_inline bool addr_equal(const struct cara_addr *a, const struct cara_addr *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->word[2] == b->word[2] &&
	       a->word[3] == b->word[3];
}

/* Whether the address at `a` is numerically above the one at `b`. */
static __always_inline bool addr_is_above(const void *a, const void *b)
{
	if (addr_half(a, 0) != addr_half(b, 0))
		return bpf_be64_to_cpu(addr_half(a, 0)) > bpf_be64_to_cpu(addr_half(b, 0));
	return bpf_be64_to_cpu(addr_half(a, 1)) > bpf_be64_to_cpu(addr_half(b, 1));
}

static __always_inline bool addr_is_v6_multicast(const struct cara_addr *addr)
{
	return (addr->word[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000);
}

/* fe80::/10 */
static __always_inline bool addr_is_v6_link_local(const struct cara_addr *addr)
{
	return (addr->word[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

static __always_inline bool addr_is_unspecified(const struct cara_addr *addr)
{
	return !addr->word[0] && !addr->word[1] && !addr->word[2] && !addr->word[3];
}

/*
 * Packets from or to it never leave a link or a node: this network, loopback, multicast and above (RFC
 * 1122 3.2.1.3), link-local IPv6 (RFC 4291 2.5.6). The node's stack sees to that; a packet that we
 * redirect never meets the stack, and a look-up in its routing tables does not tell either.
 */
static __always_inline bool addr_is_unroutable(const struct cara_addr *addr)
{
	__u32 v4 = bpf_ntohl(addr->word[3]);

	if (addr_is_v4(addr))
		return v4 >> 24 == 0 || v4 >> 24 == 127 || v4 >= 0xe0000000;
	if (addr_is_v6_multicast(addr) || addr_is_v6_link_local(addr))
		return true;
	return !addr->word[0] && !addr->word[1] && !addr->word[2] && v4 <= 1;
}
