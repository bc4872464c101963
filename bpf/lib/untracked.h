/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * doNotTrack policy of host endpoints: it comes before connections and before all other policy, is asked about
 * every packet in either direction, and knows no replies. What it allows is judged by nothing else at
 * the host endpoint and has no entry; where none of its rules decides, everything goes on as if there were
 * none.
 */
#pragma once

#include "failsafe.h"
#include "policy.h"

/*
 * Both directions of a connection that failsafe ports keep: with no connections to know a reply by, its source
 * port must do. (Calico has these rules too.)
 */
static __always_inline bool untracked_is_failsafe(const struct packet *p, __u32 direction)
{
	const struct cara_addr *far = direction == CARA_INGRESS ? packet_src(p) : packet_dst(p);
	__u32 other = direction == CARA_INGRESS ? CARA_EGRESS : CARA_INGRESS;

	return failsafe_has(direction, p->key.proto, packet_dport(p), far) ||
	       failsafe_has(other, p->key.proto, packet_sport(p), far);
}

/*
 * What untracked program `id` says of `p`: CARA_PASS allows,
 * POLICY_NONE goes on, all else is a reason to drop. Failsafe ports go on. A fragment whose ports nobody
 * knows is judged as one of ports 0, so that it is dropped where everything of its sender is.
 */
static __always_inline int untracked_verdict(struct packet *p, __u32 id, __u32 direction)
{
	int reason;

	if (id == CARA_PROGRAM_NONE || untracked_is_failsafe(p, direction))
		return POLICY_NONE;
	reason = policy_at(p, id, direction | POLICY_HOST);
	if (reason == CARA_DROP_HOST_INGRESS_POLICY || reason == CARA_DROP_HOST_EGRESS_POLICY)
		return CARA_DROP_UNTRACKED_POLICY;
	return reason;
}

/* The verdict for programs of tc. */
static __always_inline int untracked_policy(struct __sk_buff *skb, struct packet *p, __u32 id,
					    __u32 direction)
{
	p->ifindex = skb->ifindex;
	return untracked_verdict(p, id, direction);
}
