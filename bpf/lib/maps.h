/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map, once. Names are at most 15 characters: the kernel keeps no more. Big tables that are
 * mostly empty allocate an entry when it is written (BPF_F_NO_PREALLOC). The agent may lower any
 * size before it loads an object, and pins each map by its name.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../abi/abi.h"

/* remote address -> label class */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct cara_class_key);
	__type(value, __u32);
	__uint(max_entries, CARA_CLASSES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_classes SEC(".maps");

/* first bytes of prefixes -> classes of those that follow */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct cara_cells_key);
	__type(value, struct cara_cells);
	__uint(max_entries, CARA_CELLS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_cells SEC(".maps");

/* family -> depths that have nodes in cara_cells */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 2);
} cara_depths SEC(".maps");

/* policy program -> its defaults */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct cara_program);
	__uint(max_entries, CARA_PROGRAMS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_programs SEC(".maps");

/* program, label class -> remote group */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct cara_group_key);
	__type(value, __u32);
	__uint(max_entries, CARA_GROUPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_groups SEC(".maps");

/* program, protocol, destination port -> port group */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct cara_port_key);
	__type(value, __u32);
	__uint(max_entries, CARA_PORTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_ports SEC(".maps");

/* program, protocol, source port -> source port group */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct cara_port_key);
	__type(value, __u32);
	__uint(max_entries, CARA_PORTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_sports SEC(".maps");

/* program, groups -> verdict */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct cara_verdict_key);
	__type(value, struct cara_verdict);
	__uint(max_entries, CARA_VERDICTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_verdicts SEC(".maps");

/* program, side, group, chunk -> bits */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct cara_bitmap_key);
	__type(value, struct cara_bitmap);
	__uint(max_entries, CARA_BITMAPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_bitmaps SEC(".maps");

/* program, clause -> what it does */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct cara_clause_key);
	__type(value, struct cara_clause);
	__uint(max_entries, CARA_CLAUSES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_clauses SEC(".maps");

/* local workload address -> endpoint */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct cara_addr);
	__type(value, struct cara_endpoint);
	__uint(max_entries, CARA_ENDPOINTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_endpoints SEC(".maps");

/* ifindex of a workload's host end -> what it may send beyond its own addresses */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct cara_iface);
	__uint(max_entries, CARA_IFACES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_ifaces SEC(".maps");

/* ifindex, source -> 1 */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct cara_spoof_key);
	__type(value, __u32);
	__uint(max_entries, CARA_SPOOF_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_spoof SEC(".maps");

/* address of this node -> 1 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct cara_addr);
	__type(value, __u32);
	__uint(max_entries, CARA_LOCALS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_locals SEC(".maps");

/* ifindex -> host endpoint; 0 is that of all other interfaces */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct cara_host);
	__uint(max_entries, CARA_HOSTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_hosts SEC(".maps");

/* direction, protocol, port, far end -> 1 */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct cara_failsafe_key);
	__type(value, __u32);
	__uint(max_entries, CARA_FAILSAFES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_failsafes SEC(".maps");

/* slot -> generation; slot 0 is routing's */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, CARA_SLOTS_MAX);
} cara_gens SEC(".maps");

/* connection -> state; LRU, so that new flows go on when no agent is there to sweep */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct cara_conn_key);
	__type(value, struct cara_conn);
	__uint(max_entries, CARA_CONNS_MAX);
} cara_conns SEC(".maps");

/* fragmented datagram -> ports */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct cara_frag_key);
	__type(value, struct cara_frag);
	__uint(max_entries, CARA_FRAGS_MAX);
} cara_frags SEC(".maps");

/* flow that policy denied -> how often and by what */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct cara_denial_key);
	__type(value, struct cara_denial);
	__uint(max_entries, CARA_DENIALS_MAX);
} cara_denials SEC(".maps");

/* enum cara_reason -> packets, per CPU */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, CARA_REASON_COUNT);
} cara_counters SEC(".maps");

/* rule, direction -> what it decided, per CPU */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, struct cara_rule_key);
	__type(value, struct cara_rule_count);
	__uint(max_entries, CARA_RULES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cara_rules SEC(".maps");

/* 0 -> what bounds events, per CPU */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct cara_meter);
	__uint(max_entries, 1);
} cara_meters SEC(".maps");

/* struct cara_event, as they happen */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, CARA_EVENTS_BYTES);
} cara_events SEC(".maps");

/* what is known of a packet while it is judged; nobody else's business, hence not in the ABI */
struct cara_scratch {
	struct cara_conn fresh; /* the entry to be */
	struct cara_leg leg; /* the way that was found */
	__u32 reset; /* the packet's connection is refused now, and both ends shall know */
	/* by direction: where a host endpoint was asked that has staged policies */
	struct {
		__u32 ifindex;
		__u32 end; /* enum host_end and enum cara_direction; 0: nowhere */
	} staged[2];
};

/* 0 -> scratch, per CPU */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct cara_scratch);
	__uint(max_entries, 1);
} cara_scratch SEC(".maps");

/* what lib/bitmap.h looks for, and what it has found; nobody else's business */
struct bitmap_search {
	struct cara_verdict_key key; /* program and groups */
	__u32 sides; /* rows that must agree: 2, or 3 with source ports */
	__u32 from; /* clauses before this one are out */
	struct cara_verdict verdict;
	__u32 pad;
	__u64 common[CARA_BITMAP_WORDS]; /* bits that all rows of a chunk have */
};

/* 0 -> search, per CPU */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct bitmap_search);
	__uint(max_entries, 1);
} cara_search SEC(".maps");

/* 0 -> settings */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct cara_settings);
	__uint(max_entries, 1);
} cara_settings SEC(".maps");
