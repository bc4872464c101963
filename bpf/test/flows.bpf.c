// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes each run of a test the first packet of another flow: writes the next flow's ends into the packet
 * and jumps to the program under test. scripts/bench policy runs it thousands of times in one call, and
 * a second time in front of a program that only returns; the difference is what a first packet costs.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "flows.h"

/* number -> who talks to whom */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct flows_ends);
	__uint(max_entries, FLOWS_MAX);
} flows_table SEC(".maps");

/* enum flows_target -> program */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, FLOWS_TARGET_COUNT);
} flows_targets SEC(".maps");

/* the next run's number, set before each call */
__u32 flows_run;

/* Writes the next flow; false when the packet is none that could carry it. */
static __always_inline bool write_flow(struct __sk_buff *skb)
{
	__u32 run = flows_run++, number = run % FLOWS_MAX;
	struct flows_ends *ends = bpf_map_lookup_elem(&flows_table, &number);
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = (void *)(long)skb->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	__be16 *ports;

	if (!ends || (void *)(ip + 1) > end)
		return false;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		ip->saddr = ends->src.word[3];
		ip->daddr = ends->dst.word[3];
		ip->ttl = FLOWS_HOPS;
		ports = (void *)(ip + 1);
	} else if ((void *)(ip6 + 1) <= end) {
		__builtin_memcpy(&ip6->saddr, &ends->src, sizeof(ends->src));
		__builtin_memcpy(&ip6->daddr, &ends->dst, sizeof(ends->dst));
		ip6->hop_limit = FLOWS_HOPS;
		ports = (void *)(ip6 + 1);
	} else {
		return false;
	}
	if ((void *)(ports + 2) > end)
		return false;
	ports[0] = bpf_htons(FLOWS_FIRST_PORT + run % FLOWS_PORTS);
	ports[1] = ends->dport;
	return true;
}

SEC("tc")
int flows_tested(struct __sk_buff *skb)
{
	if (write_flow(skb))
		bpf_tail_call(skb, &flows_targets, FLOWS_TESTED);
	return TC_ACT_STOLEN;
}

SEC("tc")
int flows_empty(struct __sk_buff *skb)
{
	if (write_flow(skb))
		bpf_tail_call(skb, &flows_targets, FLOWS_EMPTY);
	return TC_ACT_STOLEN;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
