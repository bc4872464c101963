// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who sends to be dropped: each frame that flood_send runs on becomes a datagram from the next of many sources and
 * goes out by one interface. flood_pass and flood_drop are the least that the other end can do. scripts/bench xdp
 * holds deny lists against each other by them.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	FLOOD_SOURCES = 1 << 20,
	FLOOD_SIZE = 74, /* of a frame, both families */
};

struct flood_addr {
	__be32 word[4]; /* IPv4 mapped */
};

/* number -> source */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct flood_addr);
	__uint(max_entries, FLOOD_SOURCES);
} flood_sources SEC(".maps");

/* 0 -> interface that frames leave by */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} flood_way SEC(".maps");

static __u32 flood_next;

static __always_inline void write_udp(struct udphdr *udp, __u16 length)
{
	udp->source = bpf_htons(4000);
	udp->dest = bpf_htons(80);
	udp->len = bpf_htons(length);
	udp->check = 0;
}

/* RFC 1071; without it the receiver's stack drops the packet before any rule of prerouting sees it. */
static __always_inline __u16 sum_v4(const struct iphdr *ip)
{
	const __u16 *word = (const void *)ip;
	__u32 sum = 0;
	int i;

	for (i = 0; i < 10; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

static __always_inline void write_v4(struct iphdr *ip, __be32 source)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = bpf_htons(FLOOD_SIZE - ETH_HLEN);
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = source;
	ip->daddr = bpf_htonl(0xc0000201); /* 192.0.2.1 */
	ip->check = sum_v4(ip);
	write_udp((void *)(ip + 1), FLOOD_SIZE - ETH_HLEN - sizeof(*ip));
}

static __always_inline void write_v6(struct ipv6hdr *ip, const struct flood_addr *source)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 6;
	ip->payload_len = bpf_htons(FLOOD_SIZE - ETH_HLEN - sizeof(*ip));
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = 64;
	__builtin_memcpy(&ip->saddr, source, sizeof(ip->saddr));
	ip->daddr.s6_addr32[0] = bpf_htonl(0x20010db8);
	write_udp((void *)(ip + 1), FLOOD_SIZE - ETH_HLEN - sizeof(*ip));
}

SEC("xdp")
int flood_send(struct xdp_md *xdp)
{
	__u32 number = flood_next++ & (FLOOD_SOURCES - 1), zero = 0;
	struct ethhdr *eth = (void *)(long)xdp->data;
	struct flood_addr *source = bpf_map_lookup_elem(&flood_sources, &number);
	__u32 *way = bpf_map_lookup_elem(&flood_way, &zero);

	if ((void *)eth + FLOOD_SIZE > (void *)(long)xdp->data_end || !source || !way)
		return XDP_DROP;
	/* for everybody, so that no stack takes it for another's */
	__builtin_memset(eth->h_dest, 0xff, sizeof(eth->h_dest));
	__builtin_memset(eth->h_source, 2, sizeof(eth->h_source));
	if (!source->word[0] && !source->word[1]) {
		eth->h_proto = bpf_htons(ETH_P_IP);
		write_v4((void *)(eth + 1), source->word[3]);
	} else {
		eth->h_proto = bpf_htons(ETH_P_IPV6);
		write_v6((void *)(eth + 1), source);
	}
	return bpf_redirect(*way, 0);
}

SEC("xdp")
int flood_pass(struct xdp_md *xdp)
{
	(void)xdp;
	return XDP_PASS;
}

SEC("xdp")
int flood_drop(struct xdp_md *xdp)
{
	(void)xdp;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
