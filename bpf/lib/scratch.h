/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is too big for the stack while a packet is judged: 512 bytes must hold every frame of a chain of
 * calls. One a CPU is enough: our programs do not interrupt each other there.
 */
#pragma once

#include "maps.h"

static __always_inline struct cara_scratch *scratch_get(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&cara_scratch, &key);
}

/* The same, wiped. */
static __always_inline struct cara_scratch *scratch_clear(void)
{
	struct cara_scratch *scratch = scratch_get();

	if (scratch)
		__builtin_memset(scratch, 0, sizeof(*scratch));
	return scratch;
}
