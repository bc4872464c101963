/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Staged policies: what would become of a first packet were they enforced. The second program of an end
 * is asked beside the real one, its answer is written down, and nothing is done about it. An end
 * without staged policies has no second program and pays for one comparison.
 */
#pragma once

#include "conntrack.h"
#include "policy.h"

static __always_inline void staged_clear(struct packet *p)
{
	p->pending = CARA_PENDING_NONE;
	p->pending_rule = 0;
}

/*
 * Judges `p` by program `id` as policy_at() does; the answer is left in `p->pending` and `p->pending_rule`.
 * CARA_PASS, or POLICY_NONE where the program decides nothing. Log rules stay silent: those in force
 * have told what there is to tell.
 */
__noinline int staged(struct packet *p, __u32 id, __u32 direction)
{
	struct cara_verdict_key key = { .program = id };
	const struct cara_program *program = NULL;
	const struct cara_verdict *verdict;

	if (!p)
		return CARA_PASS;
	p->pending = CARA_PENDING_DENY;
	p->pending_rule = 0;
	if (id >= CARA_PROGRAM_FIRST)
		program = policy_find(p, &key.program, direction);
	id = key.program;
	if (id == CARA_PROGRAM_NONE)
		return POLICY_NONE;
	if (id == CARA_PROGRAM_ALLOW_ALL)
		p->pending = CARA_PENDING_ALLOW;
	if (id < CARA_PROGRAM_FIRST)
		return CARA_PASS;
	verdict = policy_look(p, program, &key, direction);
	if (!verdict)
		return CARA_PASS;
	if (verdict->action == CARA_ACTION_NONE)
		return POLICY_NONE;
	if (verdict->action == CARA_ACTION_ALLOW)
		p->pending = CARA_PENDING_ALLOW;
	p->pending_rule = verdict->rule;
	return CARA_PASS;
}

/* Keeps the answer in an entry, unless that has one which weighs as much. */
static __always_inline void staged_keep(const struct packet *p, struct cara_conn *conn,
					__u32 direction)
{
	__u8 *pending = direction == CARA_EGRESS ? &conn->pending_egress : &conn->pending_ingress;

	if (!p->pending || *pending == CARA_PENDING_DENY ||
	    (*pending && p->pending != CARA_PENDING_DENY))
		return;
	*pending = p->pending;
	if (direction == CARA_EGRESS)
		conn->pending_egress_rule = p->pending_rule;
	else
		conn->pending_ingress_rule = p->pending_rule;
}

/* Puts what a new verdict found into an entry that goes on. */
static __always_inline void staged_renew(struct cara_conn *conn, const struct cara_conn *fresh)
{
	conn->pending_egress = fresh->pending_egress;
	conn->pending_ingress = fresh->pending_ingress;
	conn->pending_egress_rule = fresh->pending_egress_rule;
	conn->pending_ingress_rule = fresh->pending_ingress_rule;
}

/* Judges one end of a connection to be by its staged program, 0 for none. */
static __always_inline void staged_judge(struct packet *p, struct cara_conn *fresh, __u32 id,
					 enum cara_direction direction)
{
	staged_clear(p);
	if (!id)
		return;
	staged(p, id, direction);
	staged_keep(p, fresh, direction);
}
