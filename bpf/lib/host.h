/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Policy of host endpoints on the first packet of a connection: at the interface that it comes in by and at
 * the one that it would leave by. Who asks must say host_settled() to the answer.
 *
 * A generation is read before the record that it vouches for, as in judge.h.
 */
#pragma once

#include "conntrack.h"
#include "failsafe.h"
#include "host_find.h"
#include "host_settle.h"
#include "policy.h"
#include "untracked.h"

/* What pre-DNAT policy says: POLICY_NONE goes on. */
static __always_inline int host_before(struct __sk_buff *skb, struct packet *p,
				       const struct cara_host_programs *programs)
{
	if (programs->prednat == CARA_PROGRAM_NONE)
		return POLICY_NONE;
	return policy(skb, p, programs->prednat, CARA_INGRESS | POLICY_HOST);
}

/*
 * The node's own traffic at interface `ifindex`: what is for it (CARA_INGRESS) or by it (CARA_EGRESS).
 * CARA_PASS or a reason to drop.
 */
__noinline int host_own(struct __sk_buff *skb, struct packet *p, __u32 ifindex, __u32 direction)
{
	const struct cara_host *host;
	const struct cara_host_programs *programs;
	int reason;

	if (!p)
		return CARA_DROP_NO_VERDICT;
	p->rule = 0;
	host = host_find(ifindex);
	if (!host || failsafe_passes(p, direction))
		return CARA_PASS;
	host_asks(p, host, ifindex, HOST_OWN | (direction & CARA_EGRESS));
	programs = host_programs(host, p);
	if (direction == CARA_INGRESS) {
		reason = host_before(skb, p, programs);
		if (reason != POLICY_NONE)
			return reason;
	}
	reason = policy(skb, p, direction == CARA_INGRESS ? programs->ingress : programs->egress,
			direction | POLICY_HOST);
	return reason == POLICY_NONE ? CARA_DROP_NO_VERDICT : reason;
}

/* What a workload sends to the node, where that is accepted without asking more. */
__noinline int host_arrive(struct __sk_buff *skb, struct packet *p, __u32 in)
{
	const struct cara_host *host;
	int reason;

	if (!p)
		return CARA_DROP_NO_VERDICT;
	host = host_find(in);
	if (!host || failsafe_passes(p, CARA_INGRESS))
		return CARA_PASS;
	host_asks(p, host, in, HOST_ARRIVING | CARA_INGRESS);
	reason = host_before(skb, p, host_programs(host, p));
	return reason == POLICY_NONE ? CARA_PASS : reason;
}

/* The policy of one interface on what passes through; no policy allows. */
static __always_inline int host_pass(struct __sk_buff *skb, struct packet *p, __u32 id,
				     __u32 direction)
{
	int reason;

	if (id == CARA_PROGRAM_NONE)
		return CARA_PASS;
	reason = policy(skb, p, id, direction | POLICY_HOST);
	return reason == POLICY_NONE ? CARA_PASS : reason;
}

static __always_inline int host_pass_in(struct __sk_buff *skb, struct packet *p,
					const struct cara_host *host, __u32 in)
{
	const struct cara_host_programs *programs = host_programs(host, p);
	int reason = POLICY_NONE;
	bool is_failsafe;

	/* What doNotTrack policy allows is not asked about at that interface again. */
	if (!untracked_policy(skb, p, programs->untracked_ingress, CARA_INGRESS))
		return CARA_PASS;
	is_failsafe = failsafe_passes(p, CARA_INGRESS);
	host_asks(p, host, in, HOST_PASSING | CARA_INGRESS | (is_failsafe ? HOST_FAILSAFE : 0));
	if (!is_failsafe)
		reason = host_before(skb, p, programs);
	if (reason != POLICY_NONE)
		return reason;
	return host_pass(skb, p, programs->forward_ingress, CARA_INGRESS);
}

/*
 * What passes through the node, in by `in` and out by `out`; 0 is not known, or was asked before. What
 * pre-DNAT policy allows is not asked about its way in again.
 */
__noinline int host_forward(struct __sk_buff *skb, struct packet *p, __u32 in, __u32 out)
{
	const struct cara_host *host;
	int reason;

	if (!p)
		return CARA_DROP_NO_VERDICT;
	host = in ? host_find(in) : NULL;
	if (host) {
		reason = host_pass_in(skb, p, host, in);
		if (reason)
			return reason;
	}
	host = out ? host_find(out) : NULL;
	if (!host)
		return CARA_PASS;
	host_asks(p, host, out, HOST_PASSING | CARA_EGRESS);
	return host_pass(skb, p, host_programs(host, p)->forward_egress, CARA_EGRESS);
}

/* Notes in an entry that host endpoints were asked, as of generation `gen`. */
static __always_inline void host_note(struct cara_conn *conn, __u32 gen)
{
	if (!conn->dst_slot) {
		conn->dst_slot = CARA_SLOT_HOSTS;
		conn->dst_gen = gen;
	} else if (!conn->src_slot) {
		conn->src_slot = CARA_SLOT_HOSTS;
		conn->src_gen = gen;
	}
}

static __always_inline bool host_is_noted(const struct cara_conn *conn)
{
	return conn->dst_slot == CARA_SLOT_HOSTS || conn->src_slot == CARA_SLOT_HOSTS;
}
