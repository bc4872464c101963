/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What each rule decided. The fast path counts in its connection's entry and nowhere else; what came
 * together there is added to the rules that allowed the connection by conn_account(): from the agent's
 * sweep, and whenever an entry changes hands. Only what an LRU eviction takes between two sweeps is lost.
 */
#pragma once

#include <stdbool.h>
#include "maps.h"

static __always_inline struct cara_rule_count *rules_find(struct cara_rule_key *key)
{
	struct cara_rule_count *count = bpf_map_lookup_elem(&cara_rules, key);
	struct cara_rule_count none = {};

	if (count)
		return count;
	bpf_map_update_elem(&cara_rules, key, &none, BPF_NOEXIST);
	count = bpf_map_lookup_elem(&cara_rules, key);
	if (count)
		return count;
	/* No room: that a rule is not counted by itself must not cost a packet. */
	key->rule = CARA_RULE_OTHER;
	return bpf_map_lookup_elem(&cara_rules, key);
}

/* Adds to what a rule decided. Of `direction` only enum cara_direction counts: callers keep more in it. */
__noinline int rules_add(__u32 rule, __u32 direction, __u64 connections, __u64 packets, __u64 bytes)
{
	struct cara_rule_key key = { .rule = rule, .direction = direction & CARA_EGRESS };
	struct cara_rule_count *count = rules_find(&key);

	if (!count)
		return 0;
	count->connections += connections;
	count->packets += packets;
	count->bytes += bytes;
	return 0;
}

/*
 * Adds what a connection's entry has counted since the last time to the rules that allowed it. Two that do
 * so at once agree on who has it by the exchanges.
 */
static __always_inline void conn_account(struct cara_conn *conn)
{
	__u64 packets = conn->leg[0].packets + conn->leg[1].packets;
	__u64 bytes = conn->leg[0].bytes + conn->leg[1].bytes;
	__u64 before = conn->accounted_packets, former;

	if ((!conn->egress_rule && !conn->ingress_rule) || packets <= before)
		return;
	if (__sync_val_compare_and_swap(&conn->accounted_packets, before, packets) != before)
		return;
	former = __sync_lock_test_and_set(&conn->accounted_bytes, bytes);
	bytes = bytes > former ? bytes - former : 0;
	if (conn->egress_rule)
		rules_add(conn->egress_rule, CARA_EGRESS, !before, packets - before, bytes);
	if (conn->ingress_rule)
		rules_add(conn->ingress_rule, CARA_INGRESS, !before, packets - before, bytes);
}
