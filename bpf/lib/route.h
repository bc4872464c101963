/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way out: to a pod's veth, to a next hop, or to the node's own stack, which does whatever is too
 * rare to be done here: answers with ICMP errors, fragments, resolves, delivers to sockets.
 */
#pragma once

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include "conntrack.h"

enum {
	ROUTE_AF_INET = 2,
	ROUTE_AF_INET6 = 10,
	/* what the hooks return: the next program, and after the last one the stack, goes on */
	ROUTE_STACK = TC_ACT_UNSPEC,
	ROUTE_DROP = TC_ACT_SHOT,
};

/* How a frame begins; kept in a leg's `to`. */
struct route_macs {
	__u8 dest[ETH_ALEN];
	__u8 source[ETH_ALEN];
};

static __always_inline void route_to_endpoint(struct cara_leg *leg,
					      const struct cara_endpoint *endpoint)
{
	struct route_macs *macs = (struct route_macs *)&leg->to;

	leg->route_gen = conn_gen(0);
	leg->ifindex = endpoint->ifindex;
	leg->way = CARA_WAY_PEER;
	__builtin_memcpy(macs->dest, endpoint->mac, sizeof(macs->dest));
	__builtin_memcpy(macs->source, endpoint->host_mac, sizeof(macs->source));
}

static __always_inline void route_to_stack(struct cara_leg *leg)
{
	leg->route_gen = conn_gen(0);
	leg->way = CARA_WAY_HOST;
}

static __always_inline void route_question(struct bpf_fib_lookup *fib, struct __sk_buff *skb,
					   const struct packet *p)
{
	fib->ifindex = skb->ifindex;
	fib->l4_protocol = p->key.proto;
	fib->sport = packet_sport(p);
	fib->dport = packet_dport(p);
	/* With a length the kernel compares, and tells, the route's MTU; 1 fits any. */
	fib->tot_len = 1;
	if (packet_is_v4(p)) {
		fib->family = ROUTE_AF_INET;
		fib->ipv4_src = packet_src(p)->word[3];
		fib->ipv4_dst = packet_dst(p)->word[3];
		return;
	}
	fib->family = ROUTE_AF_INET6;
	__builtin_memcpy(fib->ipv6_src, packet_src(p), sizeof(fib->ipv6_src));
	__builtin_memcpy(fib->ipv6_dst, packet_dst(p), sizeof(fib->ipv6_dst));
}

static __always_inline void route_answer(struct cara_leg *leg, const struct bpf_fib_lookup *fib)
{
	leg->ifindex = fib->ifindex;
	leg->mtu = fib->mtu_result;
	leg->way = CARA_WAY_NEIGH;
	/* The next hop's family may be another than the packet's (RFC 8950). */
	if (fib->family == ROUTE_AF_INET)
		addr_set_v4(&leg->to, fib->ipv4_dst);
	else
		addr_set_v6(&leg->to, fib->ipv6_dst);
}

/*
 * Asks the kernel's routing for the way of `p` as it came in. CARA_DROP_NO_ROUTE: there is a route that
 * refuses. CARA_DROP_HOST_ENDPOINT: the packet is for the node itself, or for nobody; the caller
 * knows whether that is allowed, and the way is then the stack.
 */
__noinline int route_find(struct __sk_buff *skb, struct packet *p, struct cara_leg *leg)
{
	struct bpf_fib_lookup fib = {};
	long result;

	if (!p || !leg)
		return CARA_DROP_NO_ROUTE;
	route_to_stack(leg);
	if (addr_is_unroutable(packet_dst(p)) || bpf_map_lookup_elem(&cara_locals, packet_dst(p)))
		return CARA_DROP_HOST_ENDPOINT;
	route_question(&fib, skb, p);
	/* Neighbours are bpf_redirect_neigh's business (flag of Linux 6.6, EINVAL before). */
	result = bpf_fib_lookup(skb, &fib, sizeof(fib), BPF_FIB_LOOKUP_SKIP_NEIGH);
	if (result == -EINVAL) {
		route_question(&fib, skb, p);
		result = bpf_fib_lookup(skb, &fib, sizeof(fib), 0);
	}
	switch (result) {
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		route_answer(leg, &fib);
		return CARA_PASS;
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return CARA_DROP_NO_ROUTE;
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return CARA_DROP_HOST_ENDPOINT;
	default:
		return CARA_PASS;
	}
}

/* A packet that would not leave in one piece; each segment of a super-packet must fit. */
static __always_inline bool route_is_too_big(struct __sk_buff *skb, const struct packet *p,
					     __u32 mtu)
{
	__u32 segment = skb->gso_size;

	if (!segment)
		return p->length > mtu;
	return p->l4_off - ETH_HLEN + p->l4_len + segment > mtu;
}

/*
 * Whether the skb may carry the device's sum over the whole packet, which must then follow every change
 * that has no checksum of its own. Workloads' packets never do: a stack that forwards drops such a sum.
 */
enum route_sum {
	ROUTE_NO_SUM,
	ROUTE_DEVICE_SUM,
};

/* One hop less (RFC 791 3.2, RFC 8200 3); false when none is left and the stack must tell the sender. */
static __always_inline bool route_hop(struct __sk_buff *skb, const struct packet *p,
				      const struct route_macs *macs, enum route_sum sum)
{
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = (void *)(long)skb->data;
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip = (void *)(eth + 1);

	if (packet_is_v4(p)) {
		__u32 check;

		if ((void *)(ip + 1) > end || ip->ttl <= 1)
			return false;
		/* RFC 1624: the sum grows by what the high byte of its word lost */
		check = ip->check + bpf_htons(0x0100);
		ip->check = check + (check >= 0xffff);
		ip->ttl--;
	} else {
		if ((void *)(ip6 + 1) > end || ip6->hop_limit <= 1)
			return false;
		ip6->hop_limit--;
	}
	if (macs) {
		__builtin_memcpy(eth->h_dest, macs->dest, sizeof(eth->h_dest));
		__builtin_memcpy(eth->h_source, macs->source, sizeof(eth->h_source));
	}
	/* 10 ns, and IPv4's header sums up to nothing before and after */
	if (sum == ROUTE_DEVICE_SUM && !packet_is_v4(p))
		bpf_csum_update(skb, ~(__u32)bpf_htons(1));
	return true;
}

/* Sends a packet that was judged on its way. */
static __always_inline int route_forward(struct __sk_buff *skb, const struct packet *p,
					 const struct cara_leg *leg, enum route_sum sum)
{
	struct bpf_redir_neigh hop = {};

	if (leg->way == CARA_WAY_PEER) {
		if (!route_hop(skb, p, (const struct route_macs *)&leg->to, sum))
			return ROUTE_STACK;
		return bpf_redirect_peer(leg->ifindex, 0);
	}
	if (leg->way != CARA_WAY_NEIGH || route_is_too_big(skb, p, leg->mtu) ||
	    !route_hop(skb, p, NULL, sum))
		return ROUTE_STACK;
	if (addr_is_v4(&leg->to)) {
		hop.nh_family = ROUTE_AF_INET;
		hop.ipv4_nh = leg->to.word[3];
	} else {
		hop.nh_family = ROUTE_AF_INET6;
		__builtin_memcpy(hop.ipv6_nh, &leg->to, sizeof(hop.ipv6_nh));
	}
	return bpf_redirect_neigh(leg->ifindex, &hop, sizeof(hop), 0);
}
