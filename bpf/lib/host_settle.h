/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What follows a verdict of host endpoints: their staged policies, and the record of what was denied. What would
 * become of a first packet were staged policies enforced is found by the stages in the order of host.h, each
 * by its staged program or, where it has none, by the one in force.
 *
 * Of doNotTrack policy only packets are told that those in force leave to the other stages: in XDP nothing
 * is written down.
 */
#pragma once

#include "denial.h"
#include "host_find.h"
#include "scratch.h"
#include "staged.h"
#include "untracked.h"

/* What a host endpoint is asked about. */
enum host_end {
	HOST_OWN = 2, /* the node's own traffic */
	HOST_PASSING = 4, /* what passes through */
	/* what a workload may say to the node in any case: pre-DNAT policy alone is asked */
	HOST_ARRIVING = 8,
	/* added to HOST_PASSING: to a failsafe port, which pre-DNAT policy does not see */
	HOST_FAILSAFE = 16,
};

/* Whether a stage that is asked at `end` has something staged. */
static __always_inline bool host_has_staged(const struct packet *p, const struct cara_host *host,
					    __u32 end)
{
	const struct cara_host_programs *wanted = host_wanted(host, p);

	switch (end & ~HOST_FAILSAFE) {
	case HOST_OWN | CARA_INGRESS:
		return wanted->untracked_ingress | wanted->prednat | wanted->ingress;
	case HOST_OWN | CARA_EGRESS:
		return wanted->untracked_egress | wanted->egress;
	case HOST_PASSING | CARA_INGRESS:
		return wanted->untracked_ingress | wanted->prednat | wanted->forward_ingress;
	case HOST_PASSING | CARA_EGRESS:
		return wanted->forward_egress;
	default:
		return wanted->prednat;
	}
}

/* Notes that `host`, which is that of interface `ifindex`, is asked: host_settle() goes on from there. */
static __always_inline void host_asks(const struct packet *p, const struct cara_host *host,
				      __u32 ifindex, __u32 end)
{
	struct cara_scratch *scratch;

	if (!host_has_staged(p, host, end))
		return;
	scratch = scratch_get();
	if (!scratch)
		return;
	scratch->staged[end & CARA_EGRESS].ifindex = ifindex;
	scratch->staged[end & CARA_EGRESS].end = end;
}

/* untracked_is_failsafe(), on a stack of its own. */
__noinline int host_is_exempt(struct packet *p, __u32 direction)
{
	return p && untracked_is_failsafe(p, direction);
}

/* The stages before the last one. What in force is untracked has gone on already. */
static __always_inline int host_staged_before(struct packet *p,
					      const struct cara_host_programs *programs,
					      const struct cara_host_programs *wanted, __u32 end)
{
	__u32 direction = end & CARA_EGRESS, id;
	int result = POLICY_NONE;

	if (end == (HOST_PASSING | CARA_EGRESS))
		return POLICY_NONE;
	id = direction == CARA_EGRESS ? wanted->untracked_egress : wanted->untracked_ingress;
	if (id && end != HOST_ARRIVING && !host_is_exempt(p, direction))
		result = staged(p, id, direction | POLICY_HOST);
	if (result != POLICY_NONE || direction == CARA_EGRESS || end & HOST_FAILSAFE)
		return result;
	return staged(p, wanted->prednat ? wanted->prednat : programs->prednat,
		      CARA_INGRESS | POLICY_HOST);
}

static __always_inline __u32 host_last_program(const struct cara_host_programs *programs, __u32 end)
{
	switch (end & ~HOST_FAILSAFE) {
	case HOST_OWN | CARA_INGRESS:
		return programs->ingress;
	case HOST_OWN | CARA_EGRESS:
		return programs->egress;
	case HOST_PASSING | CARA_INGRESS:
		return programs->forward_ingress;
	case HOST_PASSING | CARA_EGRESS:
		return programs->forward_egress;
	default:
		return CARA_PROGRAM_NONE;
	}
}

/* Judges `p` at one end by all its stages, and keeps the answer in the entry to be. */
static __always_inline void host_staged(struct packet *p, struct cara_scratch *scratch,
					__u32 direction)
{
	__u32 end = scratch->staged[direction].end, id;
	const struct cara_host_programs *programs, *wanted;
	const struct cara_host *host;

	scratch->staged[direction].end = 0;
	host = host_find(scratch->staged[direction].ifindex);
	if (!host)
		return;
	programs = host_programs(host, p);
	wanted = host_wanted(host, p);
	if (host_staged_before(p, programs, wanted, end) == POLICY_NONE) {
		id = host_last_program(wanted, end);
		if (staged(p, id ? id : host_last_program(programs, end),
			   direction | POLICY_HOST) == POLICY_NONE)
			p->pending = CARA_PENDING_ALLOW;
	}
	staged_keep(p, &scratch->fresh, direction);
}

/*
 * Ends the question, for which host endpoints had `reason`: what staged policies would say is kept, what was
 * denied is noted. (Not by those who ask: the stack is short.)
 */
__noinline int host_settle(struct packet *p, int reason)
{
	struct cara_scratch *scratch = scratch_get();
	__u32 direction = reason == CARA_DROP_HOST_EGRESS_POLICY ? CARA_EGRESS : CARA_INGRESS;

	if (!p || !scratch)
		return 0;
	staged_clear(p);
	if (scratch->staged[CARA_INGRESS].end)
		host_staged(p, scratch, CARA_INGRESS);
	/* a drop tells of its own end alone */
	if (direction == CARA_EGRESS)
		staged_clear(p);
	if (scratch->staged[CARA_EGRESS].end)
		host_staged(p, scratch, CARA_EGRESS);
	if (reason == CARA_DROP_HOST_INGRESS_POLICY || reason == CARA_DROP_HOST_EGRESS_POLICY)
		denial(p, direction);
	return 0;
}

/* The same where there is something to settle; the result is the reason. */
static __always_inline int host_settled(struct packet *p, const struct cara_scratch *scratch,
					int reason)
{
	if (reason || scratch->staged[CARA_INGRESS].end | scratch->staged[CARA_EGRESS].end)
		host_settle(p, reason);
	return reason;
}
