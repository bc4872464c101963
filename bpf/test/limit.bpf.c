// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The least that a program can do to forward: look the destination up and redirect. No policy, no
 * connections, no checks; scripts/bench throughput holds our programs against it.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct limit_way {
	__u32 ifindex;
	__be32 next_hop; /* 0: the pod behind the veth `ifindex` */
};

/* IPv4 destination -> way out */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __be32);
	__type(value, struct limit_way);
	__uint(max_entries, 64);
} limit_ways SEC(".maps");

SEC("tc")
int limit_forward(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	struct limit_way *way;

	if ((void *)(ip + 1) > data_end || skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	way = bpf_map_lookup_elem(&limit_ways, &ip->daddr);
	if (!way)
		return TC_ACT_OK;
	if (!way->next_hop)
		return bpf_redirect_peer(way->ifindex, 0);

	struct bpf_redir_neigh hop = { .nh_family = 2, .ipv4_nh = way->next_hop };

	return bpf_redirect_neigh(way->ifindex, &hop, sizeof(hop), 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
