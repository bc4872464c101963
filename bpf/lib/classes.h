/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The class of an address by cara_cells: at most one look-up for each eight bits of prefix length in use, where the
 * trie of cara_classes takes a step, and with a million prefixes a miss of the cache, for nearly every bit.
 * The answer is the trie's, always; where cells do not tell, the trie is asked.
 */
#pragma once

#include "packet.h"
#include "maps.h"

enum {
	CLASSES_DEPTHS = 16, /* bytes of an address */
};

/* The key of the node of depth `depth` on the way to `addr`. */
static __always_inline void classes_key(struct cara_cells_key *key, const struct cara_addr *addr,
					__u32 depth)
{
	__u32 word, bits;

	key->depth = depth;
	for (word = 0; word < 4; word++) {
		bits = depth > word * 4 ? (depth - word * 4) * 8 : 0;
		key->addr.word[word] = addr->word[word];
		if (bits < 32)
			key->addr.word[word] &= bpf_htonl(~(0xffffffffULL >> bits));
	}
}

/*
 * Notes the class of `addr` in `p` when cells tell it: policy then need not ask the trie. The longest prefix is in the
 * deepest node that has something for the address.
 */
__noinline int classes_note(struct packet *p, const struct cara_addr *addr)
{
	struct cara_cells_key key;
	const struct cara_cells *node;
	const __u32 *depths;
	__u32 family, i;
	__u8 cell;

	if (!p || !addr)
		return 0;
	family = !packet_is_v4(p);
	depths = bpf_map_lookup_elem(&cara_depths, &family);
	if (!depths || !*depths)
		return 0;
	for (i = 0; i < CLASSES_DEPTHS; i++) {
		__u32 depth = CLASSES_DEPTHS - 1 - i;

		if (!(*depths >> depth & 1))
			continue;
		classes_key(&key, addr, depth);
		node = bpf_map_lookup_elem(&cara_cells, &key);
		if (!node)
			continue;
		cell = ((const __u8 *)addr)[depth];
		if (node->cell[cell / 32] >> (cell % 32) & 1) {
			p->class_id = node->class_id;
			return 0;
		}
		if (node->flags & CARA_CELLS_MIXED)
			return 0;
	}
	return 0;
}
