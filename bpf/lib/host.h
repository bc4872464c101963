/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Policy of host endpoints on the first packet of a connection: at the interface that it comes in by and at
 * the one that it would leave by. An interface without an endpoint of its own has that of `*`, and
 * where there is none, nothing is asked.
 *
 * A generation is read before the record that it vouches for, as in judge.h.
 */
#pragma once

#include "failsafe.h"
#include "policy.h"
#include "conntrack.h"
#include "untracked.h"

static __always_inline const struct cara_host *host_find(__u32 ifindex)
{
	const struct cara_host *host = bpf_map_lookup_elem(&cara_hosts, &ifindex);
	__u32 any = 0;

	return host ? host : bpf_map_lookup_elem(&cara_hosts, &any);
}

static __always_inline const struct cara_host_programs *host_programs(__u32 ifindex,
								      const struct packet *p)
{
	const struct cara_host *host = host_find(ifindex);

	if (!host)
		return NULL;
	return packet_is_v4(p) ? &host->v4 : &host->v6;
}

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
	const struct cara_host_programs *programs;
	int reason;

	if (!p)
		return CARA_DROP_NO_VERDICT;
	p->rule = 0;
	programs = host_programs(ifindex, p);
	if (!programs || failsafe_passes(p, direction))
		return CARA_PASS;
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
	const struct cara_host_programs *programs;
	int reason;

	if (!p)
		return CARA_DROP_NO_VERDICT;
	programs = host_programs(in, p);
	if (!programs || failsafe_passes(p, CARA_INGRESS))
		return CARA_PASS;
	reason = host_before(skb, p, programs);
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

/*
 * What passes through the node, in by `in` and out by `out`; 0 is not known, or was asked before. What
 * pre-DNAT policy allows is not asked about its way in again.
 */
__noinline int host_forward(struct __sk_buff *skb, struct packet *p, __u32 in, __u32 out)
{
	const struct cara_host_programs *programs;
	int reason = POLICY_NONE;

	if (!p)
		return CARA_DROP_NO_VERDICT;
	programs = in ? host_programs(in, p) : NULL;
	/* What doNotTrack policy allows is not asked about at that interface again. */
	if (programs && untracked_policy(skb, p, programs->untracked_ingress, CARA_INGRESS)) {
		if (!failsafe_passes(p, CARA_INGRESS))
			reason = host_before(skb, p, programs);
		if (reason == POLICY_NONE)
			reason = host_pass(skb, p, programs->forward_ingress, CARA_INGRESS);
		if (reason)
			return reason;
	}
	programs = out ? host_programs(out, p) : NULL;
	return programs ? host_pass(skb, p, programs->forward_egress, CARA_EGRESS) : CARA_PASS;
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
