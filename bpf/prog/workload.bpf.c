// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/pkt_cls.h>
#include "../lib/maps.h"

static __always_inline int count(enum cara_reason reason)
{
	void *all[] = { &cara_classes, &cara_programs, &cara_groups, &cara_ports, &cara_sports,
		&cara_verdicts, &cara_endpoints, &cara_ifaces, &cara_spoof, &cara_locals,
		&cara_gens, &cara_conns, &cara_frags, &cara_events, &cara_settings };
	__u32 key = reason;
	__u64 *packets = bpf_map_lookup_elem(&cara_counters, &key);

	(void)all;
	if (packets)
		*packets += 1;
	return TC_ACT_UNSPEC;
}

SEC("tc")
int from_workload(struct __sk_buff *skb)
{
	(void)skb;
	return count(CARA_PASS);
}

SEC("tc")
int to_workload(struct __sk_buff *skb)
{
	(void)skb;
	return count(CARA_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
