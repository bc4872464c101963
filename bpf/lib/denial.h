/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What policy denied, by flow: unlike an event it waits for whoever asks, and a flood of one flow is one
 * entry. Source ports do not tell flows apart here; the last one is kept.
 */
#pragma once

#include "clock.h"
#include "policy.h"

/* Notes that policy denied `p` at one end, by what that end left in `p`. */
__noinline int denial(struct packet *p, __u32 direction)
{
	struct cara_denial_key key = {};
	struct cara_denial fresh = {}, *known;

	if (!p)
		return 0;
	key.src = *packet_src(p);
	key.dst = *packet_dst(p);
	key.port = policy_is_icmp(p) ? p->icmp : packet_dport(p);
	key.proto = p->key.proto;
	key.direction = direction;
	known = bpf_map_lookup_elem(&cara_denials, &key);
	if (!known) {
		fresh.packets = 1;
		fresh.seen = clock_now();
		fresh.rule = p->rule;
		fresh.pending_rule = p->pending_rule;
		fresh.pending = p->pending;
		fresh.sport = packet_sport(p);
		bpf_map_update_elem(&cara_denials, &key, &fresh, BPF_ANY);
		return 0;
	}
	known->packets += 1;
	known->seen = clock_now();
	known->rule = p->rule;
	known->pending_rule = p->pending_rule;
	known->pending = p->pending;
	known->sport = packet_sport(p);
	return 0;
}
