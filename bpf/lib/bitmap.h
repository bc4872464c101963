/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verdict of a program that has too many groups for a table of verdicts: which clauses hold for the
 * remote group, for the port group and, where it matters, for the source port group; the first that all
 * have decides. A word says which chunks of a row have bits at all, so that a search of 65,536
 * clauses looks into few of them and never into more than CARA_BITMAP_CHUNKS.
 */
#pragma once

#include "addr.h"
#include "maps.h"

enum {
	BITMAP_NONE = -1, /* no clause holds */
	BITMAP_BROKEN = -2, /* a table is incomplete */
};

static __always_inline const struct cara_bitmap *bitmap_row(const struct bitmap_search *search,
							    __u8 side, __u32 group, __u16 chunk)
{
	struct cara_bitmap_key key = {
		.program = search->key.program,
		.group = group,
		.chunk = chunk,
		.side = side,
	};

	return bpf_map_lookup_elem(&cara_bitmaps, &key);
}

/* The lowest bit that is set, 0 to 63: how many are below it. (BPF cannot count, and clang 14 dies of
 * __builtin_ctzll.) */
static __always_inline __u32 bitmap_lowest(__u64 word)
{
	__u64 below = ~word & (word - 1);

	below -= below >> 1 & 0x5555555555555555ULL;
	below = (below & 0x3333333333333333ULL) + (below >> 2 & 0x3333333333333333ULL);
	below = (below + (below >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (below * 0x0101010101010101ULL) >> 56 & 63;
}

/* ANDs one more row into what is common to those before; false when the table is incomplete. */
static __always_inline bool bitmap_and(struct bitmap_search *search, const struct cara_bitmap *row)
{
	int i;

	if (!row)
		return false;
	for (i = 0; i < CARA_BITMAP_WORDS; i++)
		search->common[i] &= row->word[i];
	return true;
}

/* The first clause of one chunk, from `search->from` on, that all rows have. */
__noinline int bitmap_chunk(struct bitmap_search *search, __u32 chunk)
{
	const struct cara_bitmap *row;
	__u32 first, word, i;
	__u64 bits;

	if (!search)
		return BITMAP_BROKEN;
	row = bitmap_row(search, CARA_BITMAP_REMOTE, search->key.group, chunk);
	if (!row)
		return BITMAP_BROKEN;
	for (i = 0; i < CARA_BITMAP_WORDS; i++)
		search->common[i] = row->word[i];
	if (!bitmap_and(search,
			bitmap_row(search, CARA_BITMAP_PORT, search->key.port_group, chunk)))
		return BITMAP_BROKEN;
	if (search->sides > 2 && !bitmap_and(search, bitmap_row(search, CARA_BITMAP_SPORT,
								search->key.sport_group, chunk)))
		return BITMAP_BROKEN;
	if (search->verdict.log_rule &&
	    !bitmap_and(search, bitmap_row(search, CARA_BITMAP_SILENT, 0, chunk)))
		return BITMAP_BROKEN;
	first = chunk * CARA_BITMAP_BITS;
	for (i = 0; i < CARA_BITMAP_WORDS; i++) {
		word = first + i * 64;
		bits = search->common[i];
		if (search->from >= word + 64)
			continue;
		if (search->from > word)
			bits &= ~0ULL << (search->from - word);
		if (bits)
			return word + bitmap_lowest(bits);
	}
	return BITMAP_NONE;
}

/* The chunks from `search->from` on in which all rows have bits; false when the table is incomplete. */
static __always_inline bool bitmap_chunks(const struct bitmap_search *search, __u64 *chunks)
{
	const struct cara_bitmap *row;

	row = bitmap_row(search, CARA_BITMAP_REMOTE, search->key.group, 0);
	if (!row)
		return false;
	*chunks = row->chunks;
	row = bitmap_row(search, CARA_BITMAP_PORT, search->key.port_group, 0);
	if (!row)
		return false;
	*chunks &= row->chunks;
	if (search->sides > 2) {
		row = bitmap_row(search, CARA_BITMAP_SPORT, search->key.sport_group, 0);
		if (!row)
			return false;
		*chunks &= row->chunks;
	}
	if (search->verdict.log_rule) {
		row = bitmap_row(search, CARA_BITMAP_SILENT, 0, 0);
		if (!row)
			return false;
		*chunks &= row->chunks;
	}
	*chunks &= ~0ULL << (search->from / CARA_BITMAP_BITS & (CARA_BITMAP_CHUNKS - 1));
	return true;
}

/* The first clause, from `search->from` on, that all rows have. */
__noinline int bitmap_next(struct bitmap_search *search)
{
	__u64 chunks;
	int i, found;

	if (!search || search->from >= CARA_BITMAP_CLAUSES_MAX)
		return BITMAP_NONE;
	if (!bitmap_chunks(search, &chunks))
		return BITMAP_BROKEN;
	for (i = 0; i < CARA_BITMAP_CHUNKS && chunks; i++) {
		found = bitmap_chunk(search, bitmap_lowest(chunks));
		if (found != BITMAP_NONE)
			return found;
		chunks &= chunks - 1;
	}
	return BITMAP_NONE;
}

/*
 * Finds the verdict on the groups of `search->key` and leaves it in `search->verdict`; not 0 when the
 * tables are incomplete.
 */
__noinline int bitmap_verdict(struct bitmap_search *search)
{
	struct cara_clause_key key = {};
	const struct cara_clause *clause;
	int i, found;

	if (!search)
		return BITMAP_BROKEN;
	search->from = 0;
	__builtin_memset(&search->verdict, 0, sizeof(search->verdict));
	key.program = search->key.program;
	for (i = 0; i < CARA_BITMAP_STEPS; i++) {
		found = bitmap_next(search);
		/* No match denies by no rule, as in the table. */
		if (found < 0)
			return found == BITMAP_NONE ? 0 : BITMAP_BROKEN;
		key.clause = found;
		clause = bpf_map_lookup_elem(&cara_clauses, &key);
		if (!clause)
			return BITMAP_BROKEN;
		if (clause->kind == CARA_CLAUSE_LOG) {
			search->verdict.log_rule = clause->rule;
			search->from = found + 1;
		} else if (clause->kind == CARA_CLAUSE_PASS) {
			search->from = clause->next;
		} else {
			search->verdict.rule = clause->rule;
			search->verdict.action = clause->kind == CARA_CLAUSE_NONE
							 ? CARA_ACTION_NONE
							 : clause->kind == CARA_CLAUSE_ALLOW;
			return 0;
		}
	}
	return BITMAP_BROKEN;
}
