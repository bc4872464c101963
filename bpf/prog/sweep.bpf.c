// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The agent's walk over cara_conns: adds what each connection has counted to its rules, and names those
 * that nobody will ask for any more. The agent reads their keys from the iterator and removes them.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../lib/conntrack.h"
#include "../lib/rules.h"

/* What the kernel hands to an iterator, as far as it is needed (its headers have it in BTF alone). */
struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
} __attribute__((preserve_access_index));

struct bpf_map;

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
} __attribute__((preserve_access_index));

/* CLOCK_MONOTONIC; the agent sets it before each walk, so that all are measured by one time */
__u64 sweep_now;
/* connections that the walk has met */
__u64 sweep_seen;

/*
 * `seen` is rounded down, and a packet may move it while we look: the grain is added, so that nothing goes that a
 * program might still honour.
 */
static __always_inline bool is_expired(const struct cara_conn *conn, __u8 proto)
{
	__s64 limit = (__s64)conn_timeout(proto, conn->flags) * CONN_NANOSECONDS + CARA_SEEN_GRAIN;

	return (__s64)(sweep_now - conn->seen) > limit;
}

SEC("iter/bpf_map_elem")
int sweep_conns(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct cara_conn_key *key = ctx->key;
	struct cara_conn *conn = ctx->value;

	if (!key || !conn)
		return 0;
	conn_account(conn);
	/* A record that found no room is asked for again, with its entry. */
	if (is_expired(conn, key->proto) &&
	    bpf_seq_write(ctx->meta->seq, (void *)key, sizeof(*key)))
		return 0;
	sweep_seen += 1;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
