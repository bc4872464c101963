/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Staged policies: what would become of a first packet were they enforced. The second program of an end
 * is asked beside the real one, its answer is written down, and nothing is done about it. An end
 * without staged policies has no second program and pays for one comparison.
 */
#pragma once

#include "policy.h"

/*
 * Judges `p` by staged program `id`, 0 for none; the answer is left in `p->pending` and
 * `p->pending_rule`. Log rules stay silent: those in force have told what there is to tell.
 */
__noinline int staged(struct packet *p, __u32 id, __u32 direction)
{
	const struct cara_verdict *verdict;

	if (!p)
		return 0;
	p->pending = CARA_PENDING_DENY;
	p->pending_rule = 0;
	verdict = policy_look(p, id, direction);
	if (!verdict)
		return 0;
	if (verdict->action == CARA_ACTION_ALLOW)
		p->pending = CARA_PENDING_ALLOW;
	p->pending_rule = verdict->rule;
	return 0;
}

/* The same for one end of a connection to be, where its answer is kept. */
static __always_inline void staged_judge(struct packet *p, struct cara_conn *fresh, __u32 id,
					 enum cara_direction direction)
{
	p->pending = CARA_PENDING_NONE;
	p->pending_rule = 0;
	if (!id)
		return;
	staged(p, id, direction);
	if (direction == CARA_EGRESS) {
		fresh->pending_egress = p->pending;
		fresh->pending_egress_rule = p->pending_rule;
	} else {
		fresh->pending_ingress = p->pending;
		fresh->pending_ingress_rule = p->pending_rule;
	}
}
